# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every stage shares. A stage sources this first; it then runs from the top
# of the tree and ends by printing "N passed, N failed", however it ends.
set -uo pipefail
export LC_ALL=C.UTF-8

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. tools/packages.sh

TOP=$PWD
JOBS=$(nproc)
PYTHON=/usr/bin/python3
SCRATCH=$(mktemp -d)
export TOP JOBS PYTHON
export TMPDIR=$SCRATCH PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=abort_on_error=0:detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

PASSED=0
FAILED=0

# A stage may define at_exit to end what it started.
at_exit() {
	:
}

end() {
	at_exit
	rm -rf "$SCRATCH"
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
	exit
}
trap end EXIT
trap 'exit 1' INT TERM

# step NAME COMMAND...: one thing that either works or does not.
step() {
	local name=$1 since=$SECONDS
	shift
	if "$@"; then
		PASSED=$((PASSED + 1))
		echo "passed $name ($((SECONDS - since)) s)"
		return 0
	fi
	FAILED=$((FAILED + 1))
	echo "failed $name ($((SECONDS - since)) s)"
	return 1
}

# last_number WORD FILE: the number before WORD in the last summary of FILE, be
# it ours ("3 passed, 0 failed") or pytest's ("1 failed, 3 passed in 0.1s").
last_number() {
	local line
	line=$(grep -aE '(^|[ =])[0-9]+ (passed|failed|errors?|skipped)' "$2" |
		grep -aE '^[0-9]+ passed, [0-9]+ failed$|in [0-9.]+s' | tail -n 1)
	[[ $line =~ (^|[^0-9])([0-9]+)\ $1 ]] && echo "${BASH_REMATCH[2]}" || echo 0
}

# counted NAME COMMAND...: a program that counts its own cases. A skipped test
# has not been run, so it counts as failed.
counted() {
	local name=$1 since=$SECONDS out=$SCRATCH/counted.log status passed failed
	shift
	"$@" 2>&1 | tee "$out"
	status=${PIPESTATUS[0]}
	passed=$(last_number passed "$out")
	failed=$(($(last_number failed "$out") + $(last_number error "$out") + \
		$(last_number skipped "$out")))
	[ $((passed + failed)) -gt 0 ] && [ "$status" -eq 0 ] ||
		[ "$failed" -gt 0 ] || failed=1
	PASSED=$((PASSED + passed))
	FAILED=$((FAILED + failed))
	if [ "$failed" -gt 0 ]; then
		echo "failed $name: $passed passed, $failed failed, status $status"
		return 1
	fi
	echo "passed $name: $passed passed ($((SECONDS - since)) s)"
}

# counted_each PROGRAM...: programs that count their own cases, as many at a time
# as there are cores; told in their order.
counted_each() {
	local program
	printf '%s\n' "$@" | SCRATCH=$SCRATCH xargs -P "$JOBS" -n 1 bash -c '
		timeout 180 "$1" >"$SCRATCH/${1##*/}.out" 2>&1
		echo $? >"$SCRATCH/${1##*/}.status"' each
	for program; do
		counted "${program##*/}" replay "${program##*/}"
	done
}

replay() {
	cat "$SCRATCH/$1.out"
	return "$(cat "$SCRATCH/$1.status")"
}

# build_release, build_asan, build_tsan: each is quick where nothing changed.
# check says that the release build stands, so that stages side by side do not
# build in one folder.
build_release() {
	[ -n "${BERTH_RELEASE_BUILT:-}" ] && return
	configure build -DCMAKE_BUILD_TYPE=Release -DBERTH_WERROR=ON &&
		cmake --build build -j "$JOBS"
}

build_asan() {
	configure build/asan -DCMAKE_BUILD_TYPE=Debug -DBERTH_WERROR=ON \
		-DBERTH_TESTS=ON -DBERTH_FUZZ=ON -DBERTH_FAILPOINTS=ON \
		-DBERTH_BENCH=ON \
		-DBERTH_SANITIZE=address,undefined &&
		cmake --build build/asan -j "$JOBS"
}

build_tsan() {
	CC=clang configure build/tsan -DCMAKE_BUILD_TYPE=Debug \
		-DBERTH_WERROR=ON -DBERTH_TESTS=ON -DBERTH_FAILPOINTS=ON \
		-DBERTH_BENCH=ON \
		-DBERTH_SANITIZE=thread -DCMAKE_C_COMPILER=clang &&
		cmake --build build/tsan -j "$JOBS"
}

# run_pytest NAME FOLDER ARGUMENT...: the folder must be there and hold tests.
run_pytest() {
	local name=$1 folder=$2
	shift 2
	[ -d "$folder" ] || {
		step "$name: $folder is missing" false
		return 1
	}
	counted "$name" "$PYTHON" tests/stages/run_pytest.py -q -p no:cacheprovider \
		--basetemp="$SCRATCH/pytest" "$folder" "$@"
}

# Integration tests mostly wait for what they started: several files at a time.
SIDE_BY_SIDE=(-n "$((JOBS + 1))" --dist loadfile)
