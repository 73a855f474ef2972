# SPDX-License-Identifier: Apache-2.0
"""The berth command for identities, credentials, policies and the audit log:
every command against the real server, and what each of them comes to."""
import json
import os
import pty
import stat
import subprocess

import pytest

from berthlib.cli import Berth
from berthlib.server import PASSWORD, program

DOCUMENT = {"Version": "2012-10-17", "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "ecr:BatchGetImage",
     "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"},
     "Action": "sts:AssumeRole"}]}
BOX = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}


@pytest.fixture
def berth(server, tmp_path):
    """The command as the administrator, logged in nowhere."""
    return Berth(server, DOCKER_CONFIG=str(tmp_path / "docker"))


@pytest.fixture
def who(name):
    """A name that no other test has."""
    return name.replace("/", "-").lower()[-40:]


@pytest.fixture
def document(tmp_path):
    def write(tree):
        path = tmp_path / "document.json"
        path.write_text(json.dumps(tree))
        return str(path)
    return write


def a_user(berth, server, name, **environment):
    """A new user, and the command as him."""
    berth("user", "create", name, typed=b"a long password\n")
    return Berth(server, BERTH_USER=name, BERTH_PASSWORD="a long password",
                 DOCKER_CONFIG=berth.env["DOCKER_CONFIG"], **environment)


def test_users(berth, server, who):
    he = a_user(berth, server, who)
    assert he.json("whoami")["name"] == who
    shown = berth.json("user", "show", who)
    assert shown["has_password"] and not shown["disabled"]
    assert who in berth("user", "list")
    berth("user", "update", who, "--description", "a person")
    assert "a person" in berth("user", "show", who)
    berth("user", "disable", who)
    assert he.fails("whoami")
    berth("user", "enable", who)
    assert he.json("whoami")
    berth("user", "password", who, typed=b"another password\n")
    assert he.fails("whoami")
    assert "--yes" in berth.fails("user", "delete", who)
    berth("user", "delete", "--yes", who)
    berth.fails("user", "show", who)
    berth.fails("user", "delete", "--yes", who)


def test_robots_get_a_token_that_logs_in(berth, server, who):
    made = berth.json("robot", "create", who, "--expires", "30d",
                      "--policy", "pull-only:team/*")
    robot = Berth(server, BERTH_USER=who,
                  BERTH_PASSWORD=made["token"]["token"])
    seen = robot.json("whoami")
    assert (seen["kind"], seen["name"]) == ("robot", who)
    assert [(p["policy"], p["pattern"]) for p in seen["policies"]] == [
        ("pull-only", "team/*")]
    assert who in berth("robot", "list")
    berth("robot", "disable", who)
    robot.fails("whoami")
    berth("robot", "enable", who)
    berth("robot", "update", who, "--description", "builds")
    assert "builds" in berth("robot", "show", who)
    berth("robot", "delete", "--yes", who)
    robot.fails("whoami")


def test_roles(berth, who, document):
    berth("role", "create", who, "--trust", document(TRUST),
          "--session-max", "2h")
    assert berth.json("role", "show", who)["session_max"] == 7200
    assert berth.json("role", "trust", who) == TRUST
    changed = dict(TRUST, Version="2008-10-17")
    berth("role", "set-trust", who, "--document", document(changed))
    assert berth.json("role", "trust", who) == changed
    berth("role", "update", who, "--description", "x")
    berth("role", "disable", who)
    berth("role", "enable", who)
    assert who in berth("role", "list")
    berth("role", "delete", "--yes", who)
    berth.fails("role", "show", who)


def test_groups_and_what_is_attached(berth, server, who, document):
    he = a_user(berth, server, who)
    berth("group", "create", who + "-g", "--description", "some")
    berth("group", "add", who + "-g", who)
    assert berth("group", "members", who + "-g").split() == [who]
    assert who + "-g" in berth("group", "list")
    assert "some" in berth("group", "show", who + "-g")
    berth("policy", "attach", "push-pull", "group/" + who + "-g",
          "--pattern", "team/*")
    assert "team/*" in berth("policy", "attached", "group/" + who + "-g")
    assert he.json("whoami")["policies"][0]["group"] == who + "-g"
    berth("policy", "put", who, "--document", document(DOCUMENT))
    assert berth.json("policy", "show", who) == DOCUMENT
    assert who in berth("policy", "list")
    berth("policy", "attach", who, "user/" + who)
    assert who in berth("policy", "attached", "user/" + who)
    berth.fails("policy", "delete", "--yes", who)
    berth("policy", "detach", who, "user/" + who)
    berth("policy", "delete", "--yes", who)
    berth("policy", "detach", "push-pull", "group/" + who + "-g",
          "--pattern", "team/*")
    berth("group", "remove", who + "-g", who)
    berth("group", "delete", "--yes", who + "-g")


def test_policy_simulate_says_why(berth, server, who, document):
    a_user(berth, server, who)
    berth("policy", "put", who, "--document", document(DOCUMENT))
    berth("policy", "attach", who, "user/" + who)
    said = berth.json("policy", "simulate", who, "ecr:BatchGetImage",
                      "--repository", "a/b")
    assert said["decision"].lower() in ("allow", "allowed")
    assert said["sid"] == "Read"
    said = berth.json("policy", "simulate", who, "ecr:PutImage",
                      "--repository", "a/b")
    assert "deny" in said["decision"].lower() or \
        "denied" in said["decision"].lower()
    assert "decision" in berth("policy", "simulate", who, "ecr:PutImage")


def test_keys(berth, server, who):
    a_user(berth, server, who)
    whose = "user/" + who
    made = berth.json("key", "create", "--of", whose, "--description", "aws")
    assert made["id"] in berth("key", "list", "--of", whose)
    assert made["secret"] not in berth("key", "list", "--of", whose)
    berth("key", "disable", made["id"], "--of", whose)
    berth("key", "enable", made["id"], "--of", whose)
    other = berth.json("key", "rotate", made["id"], "--of", whose)
    rows = {row["id"]: row["disabled"]
            for row in berth.json("key", "list", "--of", whose)}
    assert rows == {made["id"]: True, other["id"]: False}
    berth("key", "delete", "--yes", made["id"], "--of", whose)
    berth.fails("key", "delete", "--yes", made["id"], "--of", whose)
    berth.fails("key", "list", "--of", who)


def test_tokens(berth, server, who):
    he = a_user(berth, server, who)
    made = he.json("token", "create", "--scope", "repository:a/b:pull",
                   "--expires", "1d", "--description", "narrow")
    limited = Berth(server, BERTH_USER=who, BERTH_PASSWORD=made["token"])
    assert limited.json("whoami")["limited"]
    limited.fails("token", "list")
    assert "narrow" in he("token", "list")
    assert "narrow" in berth("token", "list", "--of", "user/" + who)
    he("token", "delete", "--yes", made["id"])
    limited.fails("whoami")


def test_certificates_and_issuers(berth, server, who):
    a_user(berth, server, who)
    san = "DNS:%s.example" % who
    berth("certificate", "add", "user/" + who, san)
    assert berth("certificate", "list", "user/" + who).split() == [san]
    berth("certificate", "remove", "user/" + who, san)
    assert berth("certificate", "list", "user/" + who) == ""
    url = "https://%s.example" % who
    berth("issuer", "put", url, "--audience", "a", "--audience", "b")
    row = [row for row in berth.json("issuer", "list") if row["url"] == url]
    assert row[0]["audiences"] == ["a", "b"]
    berth("issuer", "delete", "--yes", url)
    assert url not in berth("issuer", "list")


def test_policies_of_repository_and_registry(berth, repo, document):
    repo.push_image("one")
    berth("repository-policy", "set", repo.name, "--document",
          document(BOX))
    assert berth.json("repository-policy", "show", repo.name) == BOX
    berth("repository-policy", "delete", "--yes", repo.name)
    berth.fails("repository-policy", "show", repo.name)
    assert "one" in berth("images", repo.name)
    assert berth.json("describe", repo.name)["tags"] == 1


def test_the_audit_log(berth, server, who):
    a_user(berth, server, who)
    rows = berth.json("audit", "list", "--kind", "user.")
    assert [row for row in rows if row["target"] == who]
    assert "user.create" in berth("audit", "list", "--actor", "admin")
    lines = [json.loads(line)
             for line in berth("audit", "export").strip().split("\n")]
    assert [line["number"] for line in lines] == list(
        range(lines[0]["number"], lines[0]["number"] + len(lines)))
    checked = berth.json("audit", "verify")
    assert checked["done"] and checked["rows"] >= len(lines)
    assert "as they were written" in berth("audit", "verify")


def test_signing_keys_are_rotated(berth):
    before = berth.json("signing-key", "rotate")["kid"]
    assert berth.json("signing-key", "rotate", "--drop-old")["kid"] != before


def test_login_is_kept_and_ended(berth, server, tmp_path):
    said = berth("login")
    path = tmp_path / "docker" / "config.json"
    assert str(path) in said
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    later = Berth(server, BERTH_USER=None, BERTH_PASSWORD=None,
                  DOCKER_CONFIG=berth.env["DOCKER_CONFIG"])
    seen = later.json("whoami")
    assert (seen["name"], seen["credential"]) == ("admin", "api-token")
    kept = path.read_text()
    later("logout")
    path.write_text(kept)
    later.fails("whoami")
    later("logout")
    assert "not logged in" in later.fails("logout")


def test_login_with_a_wrong_password_keeps_nothing(server, tmp_path):
    berth = Berth(server, BERTH_PASSWORD="wrong",
                  DOCKER_CONFIG=str(tmp_path))
    berth.fails("login")
    assert not os.path.exists(tmp_path / "config.json")


def test_passwords_are_asked_for_on_a_terminal(server, tmp_path):
    """Without a word on the command line, and without an echo."""
    env = dict(os.environ, DOCKER_CONFIG=str(tmp_path),
               BERTH_REGISTRY="http://%s:%d" % server.address)
    env.pop("BERTH_USER", None)
    env.pop("BERTH_PASSWORD", None)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program("berth"), ["berth", "login"], env)
    said = b""
    for question, answer in ((b"User: ", b"admin"),
                             (b"Password: ", PASSWORD.encode())):
        while question not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, answer + b"\n")
    try:
        while piece := os.read(terminal, 4096):
            said += piece
    except OSError:
        pass
    assert os.waitpid(pid, 0)[1] == 0, said
    assert PASSWORD.encode() not in said
    assert b"logged in to" in said


def test_tag_and_copy(berth, repo):
    repo.push_image("one")
    berth("tag", repo.name + ":one", "two")
    assert berth("tags", repo.name).split() == ["one", "two"]
    rows = berth.json("tags", "--list", repo.name)
    assert rows[0]["digest"] == rows[1]["digest"]
    berth("copy", repo.name + ":one", repo.name + "/copy:three")
    other = berth.json("tags", "--list", repo.name + "/copy")
    assert other[0]["digest"] == rows[0]["digest"]
    assert "not valid" in berth.fails("tag", repo.name + ":one", "no tag!")
    berth.fails("copy", repo.name + ":none", repo.name + "/copy")


def test_nobody_whomay_not(berth, server, who):
    he = a_user(berth, server, who)
    for words in (["user", "list"], ["robot", "create", "x"],
                  ["policy", "attach", "administrator", "user/" + who],
                  ["audit", "list"], ["key", "create", "--of", "user/admin"]):
        he.fails(*words)
    assert he.json("key", "create")["id"]


def test_secrets_are_not_in_the_process_list(berth, server, who):
    """What is typed reaches the server by standard input and the
    environment only: no flag takes a secret."""
    done = subprocess.run([program("berth"), "--help"], capture_output=True,
                          text=True, check=True)
    assert "--password " not in done.stdout
    assert "--secret" not in done.stdout
