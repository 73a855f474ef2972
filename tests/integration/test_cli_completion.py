# SPDX-License-Identifier: Apache-2.0
"""What shells complete in a call of berth, asked of the shells themselves."""
import os
import subprocess

import pytest

DOCS = os.path.join(os.path.dirname(__file__), "../../docs")

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_berth
printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh completes at a prompt only: its compadd is replaced by one that prints.
ZSH = """
compadd() { shift; print -l -- "$@"; }
_files() { }
file=$1; shift
words=("$@"); CURRENT=$#words
source "$file"
"""
FISH = 'source $argv[1]; complete -C "$argv[2..]"'


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          timeout=30).stdout


def bash(*words):
    return run("bash", "-c", BASH, "bash", DOCS + "/berth.bash",
               *words).split()


def zsh(*words):
    said = run("zsh", "-f", "-c", ZSH, "zsh", DOCS + "/berth.zsh", *words)
    return [word for word in said.split() if word.startswith(words[-1])]


def fish(*words):
    said = run("fish", "--no-config", "-c", FISH, DOCS + "/berth.fish",
               *words)
    return [line.split("\t")[0] for line in said.splitlines()]


@pytest.fixture(params=[bash, zsh, fish], ids=["bash", "zsh", "fish"])
def shell(request):
    return request.param


def test_commands_and_groups_come_first(shell):
    assert set(shell("berth", "re")) == {
        "repositories", "repository-policy", "registry-policy"}


def test_a_group_has_its_commands(shell):
    assert shell("berth", "user", "cr") == ["create"]
    assert set(shell("berth", "key", "d")) == {"disable", "delete"}


def test_flags_are_those_of_the_command(shell):
    assert shell("berth", "token", "create", "--sc") == ["--scope"]
    assert shell("berth", "tags", "--sc") == []
    assert "--registry" in shell("berth", "tags", "--reg")
