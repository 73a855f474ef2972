#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the release build with gcc, warnings as errors
. "$(dirname "$0")/lib.sh"

step "release build" build_release || exit

# Programs stay small, and a release carries the hardening it promises.
berthd_is_small() {
	strip -o "$SCRATCH/berthd" build/bin/berthd &&
		[ "$(stat -c %s "$SCRATCH/berthd")" -lt 3000000 ]
}
is_hardened() {
	readelf -hW "$1" | grep -q 'Type: *DYN' &&
		readelf -lW "$1" | grep -q GNU_RELRO &&
		readelf -dW "$1" | grep -q 'BIND_NOW\|NOW'
}
step "berthd is under 3 MB" berthd_is_small
step "berthd is hardened" is_hardened build/bin/berthd
step "berth is hardened" is_hardened build/bin/berth
step "berthd tells its version" build/bin/berthd --version
step "berthd explains itself" build/bin/berthd --help
