#!/usr/bin/env bash
# A throw-away Postgres cluster for tests and for `cargo build` against a database.
#
#   scripts/postgres.sh up DIR     starts it (unix socket only, no TCP) and prints its DATABASE_URL
#   scripts/postgres.sh down DIR   stops it
#
# With DURABLE=1 its writes reach the disk, as a measurement of it needs.
#
# As root the server runs as the user `postgres` (else `nobody`), because Postgres refuses to run as root.
set -euo pipefail

command=${1:?up or down}
folder=$(realpath -m "${2:?folder}")
binaries=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
[ -n "$binaries" ] || binaries=$(pg_config --bindir 2>/dev/null || true)
[ -x "$binaries/initdb" ] || {
  echo "no PostgreSQL server binaries found: apt-get install postgresql, or set PG_BIN" >&2
  exit 1
}

me=$(id -un)
owner=$me
as_owner=()
if [ "$(id -u)" = 0 ]; then
  owner=$(id -un postgres 2>/dev/null || echo nobody)
  as_owner=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --init-groups env -i PATH=/usr/bin:/bin HOME="$folder" LC_ALL=C.UTF-8)
fi

up() {
  mkdir -p "$folder/run"
  chmod 0711 "$folder"
  [ "$owner" = "$me" ] || chown "$owner:$(id -gn "$owner")" "$folder" "$folder/run"
  chmod 0700 "$folder/run"
  cd "$folder"
  if [ ! -s data/PG_VERSION ]; then
    rm -rf data.new
    "${as_owner[@]}" "$binaries/initdb" -D "$folder/data.new" -U pedigree --auth-local=peer --auth-host=scram-sha-256 \
      -E UTF8 --locale=C.UTF-8 >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
    printf 'local all all peer map=app\n' >data.new/pg_hba.conf
    { echo "app $owner pedigree"; [ "$owner" = "$me" ] || echo "app $me pedigree"; } >data.new/pg_ident.conf
    mv data.new data
  fi
  # Durability is off: what this cluster holds is thrown away.
  durable=off
  [ -z "${DURABLE:-}" ] || durable=on
  "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -l "$folder/run/postgres.log" -w -t 60 -s start -o "\
    -c listen_addresses='' -c unix_socket_directories='$folder/run' -c unix_socket_permissions=0700 \
    -c fsync=$durable -c synchronous_commit=$durable -c full_page_writes=$durable -c max_connections=200 -c timezone=UTC" >&2
  echo "postgres://pedigree@localhost/postgres?host=$folder/run"
}

case $command in
  up) up ;;
  down) cd "$folder" && "${as_owner[@]}" "$binaries/pg_ctl" -D "$folder/data" -m immediate -w -s stop ;;
  *) echo "usage: scripts/postgres.sh up|down DIR" >&2; exit 2 ;;
esac
