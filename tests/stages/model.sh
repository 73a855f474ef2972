#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the model of the blob life cycle (spin)
. "$(dirname "$0")/lib.sh"

if [ -x docs/model/check.sh ]; then
	counted "model" docs/model/check.sh
else
	step "docs/model/check.sh is missing" false
fi
