#!/usr/bin/env bash
# Runs a command with DATABASE_URL set to a throw-away Postgres cluster.
#
#   scripts/with-postgres.sh COMMAND [ARG ...]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d /tmp/pedigree-postgres.XXXXXX)
stop() {
  scripts/postgres.sh down "$folder" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT
DATABASE_URL=$(scripts/postgres.sh up "$folder")
export DATABASE_URL
"$@"
