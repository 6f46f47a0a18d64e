#!/usr/bin/env bash
# Fuzzes each reader of foreign input for some seconds, with the address sanitizer.
#
#   scripts/fuzz.sh SECONDS [TARGET ...]
#
# Wants a nightly compiler (rustup toolchain install nightly) and cargo-fuzz (cargo install cargo-fuzz). Inputs found
# before stay in fuzz/corpus/, so that a later run goes on from them; an input that crashes is left in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:?seconds for each target}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(conll sweep_file adapter report shards sentence_piece)
cargo +nightly run --quiet --bin seeds
for target in "${targets[@]}"; do
  echo "== $target, $seconds s"
  cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1
done
