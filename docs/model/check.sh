#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: docs/model/check.sh [NAME...]
# Verifies blob.pml exhaustively in several sizes, shows that the states that
# matter are reached, and that every mutant is caught by the property meant
# for it. Needs spin 6.5 and gcc. Prints `passed NAME` or `failed NAME` for
# each check, and `N passed, N failed` at the end.
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 only=" $* "

result() { # NAME yes|no DETAIL
	if [ "$2" = yes ]; then
		passed=$((passed + 1)); echo "passed $1 ($3)"
	else
		failed=$((failed + 1)); echo "failed $1"
		tail -n 15 "$work/out" | sed 's/^/  /'
	fi
}

# verify CFLAGS PAN-FLAGS SPIN-FLAGS...: leaves pan's output in $work/out
verify() {
	local cflags=$1 flags=$2
	shift 2
	(
		cd "$work" && rm -f pan* ./*.trail &&
		spin "$@" -a "$here/blob.pml" &&
		gcc -O1 -w $cflags -DMEMLIM=1900 -o pan pan.c &&
		timeout 60 ./pan -E -m20000 $flags
	) >"$work/out" 2>&1
	sed -i '/^unreached in/,/^$/d' "$work/out"
}

wanted() {
	[ "$only" = "  " ] || [[ $only == *" $1 "* ]]
}

states() {
	sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1 states/p' "$work/out"
}

complete() { # was it a whole search without an error?
	if grep -q 'errors: 0$' "$work/out" && [ -n "$(states)" ] &&
		! grep -qiE 'not completed|too small|out of memory|limit' \
			"$work/out"; then
		echo yes
	else
		echo no
	fi
}

# Every property holds in every state.
holds() { # NAME SPIN-FLAGS...
	local name=$1
	wanted "$name" || return
	shift
	verify -DSAFETY -w21 "$@"
	result "$name" "$(complete)" "$(states)"
}

# No execution goes on for ever: with `garbage_is_gone`, which is about the
# states in which nothing can happen any more, this is the liveness.
ends() {
	local name=$1
	wanted "$name" || return
	shift
	verify -DNP '-l -w21' "$@"
	result "$name" "$(complete)" 'no cycle'
}

# The run must fail, with one of these properties.
violates() { # NAME PROPERTY SPIN-FLAGS...
	local name=$1 property=$2 ok=no
	wanted "$name" || return
	shift 2
	verify -DSAFETY -w18 "$@"
	grep -qE "assertion violated ($property) " "$work/out" && ok=yes
	result "$name" $ok "$(sed -n 's/.*violated \([a-z_]*\).*/\1/p' \
		"$work/out")"
}

mutant() { # NAME PROPERTY SPIN-FLAGS...
	violates "mutant-$1" "$2" "-DM_$1" "${@:3}"
}

witness() { # NAME SPIN-FLAGS...
	violates "witness-$1" state_is_reached "-DW_$1" "${@:2}"
}

one='-DPUSH0 -DNR=1'
two='-DPUSH0 -DPUSH1 -DNR=2'
member='-DPUSH0 -DPUSH1_SAME -DNR=2'

holds two-pushers-killed $two -DCRASHES=1
holds two-pushers-power-cut $two -DCUTS=1
holds same-repository-killed $member -DCRASHES=1
holds two-collectors $two -DCOLLECT2
holds two-collectors-killed $one -DMOUNT -DCOLLECT2 -DCRASHES=1
holds three-tries-killed-and-cut -DPUSH0 -DNR=3 -DTRIES=3 -DCRASHES=1 -DCUTS=1
holds commit-of-unknown-fate -DPUSH0 -DNR=3 -DTRIES=3 -DLOST=1 -DCRASHES=1
holds push-finishes-after-restart -DPUSH0 -DNR=3 -DTRIES=3 \
	-DPROMPT -DCRASHES=1 -DCUTS=1
holds head-and-mount $two -DHEAD -DMOUNT
holds head-and-mount-killed $one -DHEAD -DMOUNT -DCRASHES=1
holds manifest $member -DMANIFEST
holds manifest-of-two-repositories $two -DMANIFEST
holds manifest-head-mount-power-cut $one -DHEAD -DMOUNT -DMANIFEST -DCUTS=1
holds two-digests $member -DDIGEST1=1 -DND=2 -DMANIFEST
ends no-endless-execution $two -DHEAD
ends no-endless-execution-killed $one -DMOUNT -DMANIFEST -DCRASHES=1

witness NEXT_INCARNATION $two
witness DEDUPE $two
witness ALL_COLLECTED $two
witness FILE_COMES_BACK $one -DCUTS=1
witness CONDEMNED_PINNED $two
witness LATE $one

mutant UNLINK_EARLY row_has_file $two
mutant SWEEP_NO_AGE 'row_has_file|wanted_is_readable' $two
mutant SWEEP_AGE_LAST 'row_has_file|wanted_is_readable' $two
mutant NO_DEADLINE 'row_has_file|wanted_is_readable' $two
mutant HEAD_NO_REVIVE promise_is_kept $one -DHEAD
mutant MOUNT_NO_REVIVE 'promise_is_kept|wanted_is_readable' $one -DMOUNT
mutant PUSH_NO_REVIVE 'promise_is_kept|wanted_is_readable' $two
mutant PUT_NO_REVIVE 'promise_is_kept|wanted_is_readable' $one -DMANIFEST
mutant MEMBER_STAYS row_has_file $one -DMANIFEST
mutant KEY_REUSE 'no_file_is_overwritten|row_has_file' $two
mutant ACK_EARLY promise_is_kept $two
mutant ROW_BEFORE_FILE 'row_has_file|wanted_is_readable' $one
mutant UNLINK_BY_DIGEST 'row_has_file|wanted_is_readable' $two
mutant NO_INDEX one_row_per_digest $two
mutant DEDUPE_ON_DELETING 'row_has_file|wanted_is_readable' $two
mutant NO_RECHECK 'promise_is_kept|wanted_is_readable' $two
mutant STALE_CHECK 'promise_is_kept|wanted_is_readable' $two -DCOLLECT2
mutant REMOVE_UNKNOWN row_has_file $one -DLOST=1
mutant NO_FSYNC row_has_file $one -DCUTS=1
mutant NO_DIRSYNC row_has_file $one -DCUTS=1
mutant COLLECTOR_FORGETS garbage_is_gone $one -DCRASHES=1
mutant NO_SWEEP garbage_is_gone $one -DCRASHES=1

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
