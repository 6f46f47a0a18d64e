#!/usr/bin/env python3
"""Static archives libcuda.a, libcublas.a, ... whose functions open NVIDIA's library at their first call.

    lazy_libraries.py CUDARC_SOURCE OUT

Linked in place of the shared libraries they give a binary that starts on a machine without CUDA, and says there what is
missing, instead of one that the dynamic linker refuses. Each function is a jump through a table whose entries are
looked up when they are first needed; a function that cannot be found returns the library's own error code.
"""
import pathlib
import re
import subprocess
import sys

CUDA_MAJOR = 13
# Link name: cudarc's module, the files to open, and what a missing function returns.
LIBRARIES = {
    "cuda": ("driver", ["libcuda.so.1"], 100),  # CUDA_ERROR_NO_DEVICE
    "cublas": ("cublas", [f"libcublas.so.{CUDA_MAJOR}", "libcublas.so"], 1),  # CUBLAS_STATUS_NOT_INITIALIZED
    "cublasLt": ("cublaslt", [f"libcublasLt.so.{CUDA_MAJOR}", "libcublasLt.so"], 1),
    "curand": ("curand", ["libcurand.so.10", "libcurand.so"], 101),  # CURAND_STATUS_NOT_INITIALIZED
    "nvrtc": ("nvrtc", [f"libnvrtc.so.{CUDA_MAJOR}", "libnvrtc.so"], 1),  # NVRTC_ERROR_OUT_OF_MEMORY
}
# What a call must keep: the registers of arguments in the System V calling convention.
REGISTERS = "rdi rsi rdx rcx r8 r9 rax r10 rbp".split()

RESOLVER = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
static const char *const files[] = {{{files}, 0}};
static const char *const names[] = {{{names}}};
void *lazy_{library}_table[{count}] __attribute__((visibility("hidden")));
static long missing(void) {{ return {error}; }}
static void *library(void) {{
  static void *opened;
  static int said;
  for (int i = 0; !opened && files[i]; i++) opened = dlopen(files[i], RTLD_NOW | RTLD_GLOBAL);
  if (!opened && !said) {{
    said = 1;
    fprintf(stderr, "CUDA: %s: %s\\n", files[0], dlerror());
  }}
  return opened;
}}
__attribute__((visibility("hidden"), used)) void *lazy_{library}_resolve(long at) {{
  void *opened = library(), *found = opened ? dlsym(opened, names[at]) : 0;
  return lazy_{library}_table[at] = found ? found : (void *)missing;
}}
"""

JUMP = """.globl {name}
.type {name},@function
{name}:
 movq lazy_{library}_table+{offset}(%rip),%r11
 testq %r11,%r11
 je 1f
 jmp *%r11
1: movq ${at},%r11
 jmp lazy_{library}_first
.size {name},.-{name}
"""


def first_call(library):
    """Keeps all arguments, looks the function up, and goes on to it."""
    vectors = range(8)
    lines = [f"lazy_{library}_first:", *(f" pushq %{register}" for register in REGISTERS),
             " movq %rsp,%rbp", " andq $-16,%rsp", " subq $128,%rsp",
             *(f" movaps %xmm{n},{16 * n}(%rsp)" for n in vectors),
             " movq %r11,%rdi", f" call lazy_{library}_resolve", " movq %rax,%r11",
             *(f" movaps {16 * n}(%rsp),%xmm{n}" for n in vectors),
             " movq %rbp,%rsp", *(f" popq %{register}" for register in reversed(REGISTERS)), " jmp *%r11",
             '.section .note.GNU-stack,"",@progbits', ""]
    return "\n".join(lines)


def write_archive(out, library, names, files, error):
    quoted = lambda words: ", ".join(f'"{word}"' for word in words)
    resolver = RESOLVER.format(files=quoted(files), names=quoted(names), library=library, count=len(names), error=error)
    jumps = [JUMP.format(name=name, library=library, offset=8 * at, at=at) for at, name in enumerate(names)]
    (out / f"{library}.c").write_text(resolver)
    (out / f"{library}.s").write_text(".text\n" + "".join(jumps) + first_call(library))
    objects = [out / f"{library}_resolver.o", out / f"{library}_jumps.o"]
    subprocess.check_call(["cc", "-c", "-O2", "-fPIC", "-o", objects[0], out / f"{library}.c"])
    subprocess.check_call(["cc", "-c", "-o", objects[1], out / f"{library}.s"])
    (out / f"lib{library}.a").unlink(missing_ok=True)
    subprocess.check_call(["ar", "rcs", out / f"lib{library}.a", *objects])


def main():
    cudarc, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for library, (module, files, error) in LIBRARIES.items():
        bindings = (cudarc / "src" / module / "sys" / "mod.rs").read_text(encoding="utf-8")
        names = sorted(set(re.findall(r'load::<_F>\("(\w+)"', bindings)))
        write_archive(out, library, names, files, error)


if __name__ == "__main__":
    main()
