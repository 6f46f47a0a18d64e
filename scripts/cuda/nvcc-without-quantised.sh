#!/usr/bin/env bash
# nvcc, but for candle's kernels for quantised and mixture-of-experts models: each of their functions becomes one that
# says its name and aborts. See build.sh.
set -euo pipefail
arguments=("$@")
source='' output='' at=0
for ((i = 0; i < $#; i++)); do
  case "${arguments[i]}" in
    *.cu) source=${arguments[i]} at=$i ;;
    -o) output=${arguments[i + 1]} ;;
  esac
done
stand_in=$(mktemp -d)
trap 'rm -rf "$stand_in"' EXIT
case "$source" in
  *moe/moe_gguf.cu)
    declarations=$(dirname "$source")/../ffi.rs
    {
      echo '#include <stdio.h>'
      echo '#include <stdlib.h>'
      echo 'static void absent(const char *name) { fprintf(stderr, "the kernel %s is not in this build\n", name); abort(); }'
      grep -ohE 'pub fn [A-Za-z0-9_]+' "$declarations" | awk '{print "void " $3 "(void) { absent(\"" $3 "\"); }"}' | sort -u
    } >"$stand_in/absent.c"
    cc -c -fPIC -O1 -w -o "$output" "$stand_in/absent.c"
    ;;
  *moe/*.cu | *mmvq_gguf.cu | *mmq_gguf/*.cu)
    cc -c -fPIC -x c -o "$output" /dev/null
    ;;
  *src/quantized.cu)
    : >"$stand_in/quantized.cu"
    arguments[at]=$stand_in/quantized.cu
    "$PEDIGREE_NVCC" "${arguments[@]}"
    ;;
  *)
    "$PEDIGREE_NVCC" "$@"
    ;;
esac
