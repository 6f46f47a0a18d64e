#!/usr/bin/env bash
# Requests made up from the served OpenAPI document, against a real coordinator with a study in it: none may be answered
# with a status of the 500s.
#
#   scripts/schemathesis.sh [schemathesis option ...]
#
# Wants the binary (cargo build -p pedigree-cli). Schemathesis is installed into .tools/schemathesis.
set -euo pipefail
cd "$(dirname "$0")/.."
pedigree=$PWD/${CARGO_TARGET_DIR:-target}/debug/pedigree
[ -z "${CARGO_TARGET_DIR:-}" ] || pedigree=$CARGO_TARGET_DIR/debug/pedigree
folder=$(mktemp -d /tmp/pedigree-schemathesis.XXXXXX)
# The database runs as a user of its own.
chmod 755 "$folder"
coordinator=
stop() {
  [ -z "$coordinator" ] || kill "$coordinator" 2>/dev/null || true
  scripts/postgres.sh down "$folder/postgres" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT

[ -x .tools/schemathesis/bin/st ] || {
  python3 -m venv .tools/schemathesis
  .tools/schemathesis/bin/pip install --quiet schemathesis==4.32.5
}

DATABASE_URL=$(scripts/postgres.sh up "$folder/postgres")
export DATABASE_URL PEDIGREE_DATA=$folder/data PEDIGREE_TOKEN=only-for-this-test
mkfifo "$folder/said"
"$pedigree" serve --listen 127.0.0.1:0 --max-requests 0 --artifacts "$folder/artifacts" >"$folder/said" 2>"$folder/log" &
coordinator=$!
read -r _ _ PEDIGREE_SERVER <"$folder/said"
export PEDIGREE_SERVER

# Something to ask for.
"$pedigree" data synth "$folder/corpus" >/dev/null
"$pedigree" data add corpus "$folder/corpus" >/dev/null
"$pedigree" backbone random "$folder/tiny" --corpus "$folder/corpus" >/dev/null
"$pedigree" backbone add tiny "$folder/tiny" >/dev/null
"$pedigree" sweep run search-spaces/quickstart.yaml --dataset corpus --backbone tiny --detach >/dev/null

status=0
# The stream of events never ends.
.tools/schemathesis/bin/st run "$PEDIGREE_SERVER/api/v1/openapi.json" -H "Authorization: Bearer $PEDIGREE_TOKEN" \
  --checks not_a_server_error --max-examples 50 --request-timeout 10 --exclude-path-regex '/events$' \
  --suppress-health-check all "$@" || status=$?
grep ERROR "$folder/log" || true
exit "$status"
