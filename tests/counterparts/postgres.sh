#!/bin/bash
# Starts a private PostgreSQL on loopback, tuned for tests that may lose everything.
#   postgres.sh DATA_DIR PORT [--durable]   prints READY and the URL, and leaves DATA_DIR/postgres.pid
#   --durable: what is committed survives a power cut, as in production; for measurements
#   stop: kill -INT "$(cat DATA_DIR/postgres.pid)"
set -euo pipefail
[ $# -eq 2 ] || [ "${3:-}" = --durable ] || { sed -n '2,6p' "$0" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
port=$2
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  chown -R postgres: "$dir"
  as=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$dir")
fi
cd "$dir"
if [ ! -e pg/PG_VERSION ]; then
  ${as[@]+"${as[@]}"} "$bin/initdb" -D "$dir/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
    --no-sync --no-instructions >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
fi
cat > pg/postgresql.auto.conf <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
max_wal_senders = 0
wal_level = minimal
shared_buffers = 32MB
autovacuum = off
CONF
[ -z "${3:-}" ] || cat >> pg/postgresql.auto.conf <<CONF
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 512MB
max_wal_size = 4GB
autovacuum = on
CONF
${as[@]+"${as[@]}"} "$bin/pg_ctl" -D "$dir/pg" -w -t 60 -l "$dir/postgres.log" -s start \
  </dev/null >pg_ctl.out 2>&1 || { cat pg_ctl.out postgres.log >&2; exit 1; }
head -1 pg/postmaster.pid > postgres.pid
echo "READY postgresql://postgres@127.0.0.1:$port/postgres"
