#!/usr/bin/env bash
# Rebuilds the offline data of the checked queries against a migrated database and compares it with .sqlx/.
#
#   scripts/check-sql.sh            fails when .sqlx/ is not what the database says
#   scripts/check-sql.sh --write    brings .sqlx/ up to date
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${DATABASE_URL:-}" ]; then exec scripts/with-postgres.sh "$0" "$@"; fi

for migration in migrations/*.sql; do
  psql "$DATABASE_URL" --quiet --set ON_ERROR_STOP=1 --single-transaction --file "$migration" >/dev/null
done
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# Touching the crate makes the macros run again; nothing else is rebuilt.
touch orchestrator/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$fresh" cargo check --quiet --locked -p pedigree-orchestrator --all-targets
touch orchestrator/src/lib.rs
if [ "${1:-}" = --write ]; then
  rm -rf .sqlx && mkdir .sqlx && cp "$fresh"/* .sqlx/
  echo ".sqlx: $(ls .sqlx | wc -l) queries written"
  exit
fi
if ! diff -rq .sqlx "$fresh"; then
  echo "the checked queries and .sqlx/ differ; run scripts/check-sql.sh --write and commit .sqlx/" >&2
  exit 1
fi
echo "offline data of $(ls .sqlx | wc -l) queries is current"
