#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the newcomer's command, from start to Ctrl-C
. "$(dirname "$0")/lib.sh"

. tests/stages/postgres-lib.sh

runner=
at_exit() {
	[ -n "$runner" ] && kill -TERM "$runner" 2>/dev/null
}

wait_for() {
	local pattern=$1 file=$2
	for ((i = 0; i < 3000; i++)); do
		grep -q "$pattern" "$file" && return 0
		kill -0 "$runner" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

says() {
	local pattern=$1 want=$2 status
	shift 2
	"$@" >"$SCRATCH/said" 2>&1
	status=$?
	cat "$SCRATCH/said"
	[ "$status" -eq "$want" ] && grep -q -e "$pattern" "$SCRATCH/said"
}

step "--help" says --no-install 0 ./quickstart --help
step "an unknown option is refused" says "unknown option" 2 ./quickstart --frob
step "a bad port is refused" says "from 1 to 65535" 2 ./quickstart --port 0

port=$(free_port)
data=$SCRATCH/data
out=$SCRATCH/out
./quickstart --port "$port" --data "$data" --no-install >"$out" 2>&1 &
runner=$!
step "it becomes ready" wait_for "Berth is ready" "$out"
cat "$out"
password=$(sed -n 's/^password=//p' "$data/admin.credentials")
private() {
	[ "$(stat -c %a "$data/admin.credentials")" = 600 ]
}
shows_password() {
	[ -n "$password" ] && grep -qF "$password" "$out"
}
step "it shows the password" shows_password
step "the credentials are private" private
step "it answers" says '^{}' 0 curl -s -u "admin:$password" "http://127.0.0.1:$port/v2/"
step "it says that a port is in use" says "is in use" 1 \
	./quickstart --port "$port" --data "$SCRATCH/other" --no-install
kill -TERM "$runner"
wait "$runner"
status=$?
runner=
tail -n 3 "$out"
step "it stops cleanly" [ "$status" -eq 0 ]
step "it says that it stopped" grep -q "^Stopped" "$out"
