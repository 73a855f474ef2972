#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: layers, sizes, format, banned names, tables, generated documents
. "$(dirname "$0")/lib.sh"

step "the documents' generator builds" build_release
counted "lint" "$PYTHON" tests/lint/run.py
shell_scripts() {
	git ls-files | while read -r file; do
		[ -f "$file" ] && head -n 1 "$file" | grep -q '^#!.*\bbash$\|^#!/bin/sh$' &&
			echo "$file"
	done
}
mapfile -t scripts < <(shell_scripts)
step "shellcheck" shellcheck -x -S warning -P SCRIPTDIR "${scripts[@]}"
