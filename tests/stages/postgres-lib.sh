# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# postgres_start and postgres_stop: a server of our own in the stage's scratch
# folder, whose address is then in BERTH_TEST_POSTGRES.

PG_BIN=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -n 1)
PG_HOME=

# PostgreSQL refuses to run as root.
as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd "$PG_HOME" && setpriv --reuid=postgres --regid=postgres \
			--init-groups -- env -u TMPDIR "$@")
	else
		"$@"
	fi
}

free_port() {
	"$PYTHON" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

postgres_start() {
	local port owner=postgres
	chmod 711 "$SCRATCH"
	PG_HOME=$SCRATCH/postgres
	mkdir -p "$PG_HOME/socket" && chmod 700 "$PG_HOME"
	[ "$(id -u)" -ne 0 ] && owner=$(id -un)
	[ "$(id -u)" -ne 0 ] || chown -R postgres "$PG_HOME" || return 1
	as_postgres "$PG_BIN/initdb" -D "$PG_HOME/data" -U "$owner" -A trust \
		--no-sync -E UTF8 --locale C.UTF-8 >/dev/null || return 1
	for _ in 1 2 3; do
		port=$(free_port)
		as_postgres "$PG_BIN/pg_ctl" -D "$PG_HOME/data" -w \
			-l "$PG_HOME/server.log" -o "-c listen_addresses=127.0.0.1 \
			-p $port -k $PG_HOME/socket -c max_connections=200" start &&
			break
		port=
	done
	[ -n "$port" ] || { cat "$PG_HOME/server.log"; return 1; }
	export BERTH_TEST_POSTGRES="postgresql://$owner@127.0.0.1:$port/postgres"
}

postgres_stop() {
	[ -n "$PG_HOME" ] && [ -e "$PG_HOME/data/postmaster.pid" ] &&
		as_postgres "$PG_BIN/pg_ctl" -D "$PG_HOME/data" -m immediate stop
	return 0
}
