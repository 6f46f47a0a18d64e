#!/usr/bin/env bash
# Runs a build command with what a CUDA build needs: nvcc, and archives that stand for NVIDIA's libraries at link time.
# No GPU, driver or installed toolkit is needed here; the binary looks for the libraries when it first uses a GPU.
#
#   scripts/cuda/build.sh cargo build --release --features cuda -p pedigree-cli
#
#   CUDA_HOME          a toolkit of your own; without it the one of `scripts/need.sh cuda`
#   CUDA_COMPUTE_CAP   80 (the default) runs on every GPU from A100 on; 90 only on Hopper
#   CUDA_ALL_KERNELS=1 also compiles candle's kernels for quantised weights, over half an hour; they are not used here
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80}
if [ -z "${CUDA_HOME:-}" ]; then
  export CUDA_HOME=$root/.tools/cuda/nvidia/cu13
  [ -x "$CUDA_HOME/bin/nvcc" ] || { echo "run scripts/need.sh cuda first, or set CUDA_HOME" >&2; exit 1; }
  source_of() {
    cargo metadata --format-version 1 --locked --manifest-path "$root/Cargo.toml" --features pedigree-cli/cuda |
      python3 -c 'import json, pathlib, sys
print(next(pathlib.Path(p["manifest_path"]).parent for p in json.load(sys.stdin)["packages"] if p["name"] == sys.argv[1]))' "$1"
  }
  # cudarc's build script looks for libraries in lib/stubs.
  python3 "$root/scripts/cuda/lazy_libraries.py" "$(source_of cudarc)" "$CUDA_HOME/lib/stubs"
fi
if [ -z "${CUDA_ALL_KERNELS:-}" ]; then
  export PEDIGREE_NVCC=$CUDA_HOME/bin/nvcc NVCC=$root/scripts/cuda/nvcc-without-quantised.sh
fi
export PATH=$CUDA_HOME/bin:$PATH
exec "$@"
