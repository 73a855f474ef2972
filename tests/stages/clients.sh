#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: docker, podman, buildah, skopeo, ctr and umoci
. "$(dirname "$0")/lib.sh"

step "release build" build_release || exit
BERTH_BIN=$TOP/build/bin run_pytest "clients" tests/conformance
