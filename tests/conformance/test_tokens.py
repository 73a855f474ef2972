# SPDX-License-Identifier: Apache-2.0
"""How clients log in: with tokens, with refresh tokens, and with passwords
where the registry asks for these.  All other files ask for tokens, too."""

import base64
import json
import time

import pytest

from clients.containerd import Ctr
from clients.docker import DockerUser
from clients.image import noise, rootfs_tar
from clients.proxy import SlowLine
from clients.registry import Registry, start
from clients.storage import Buildah, Podman, Skopeo

TOKEN_LIFE_S = 60  # the shortest that there is


@pytest.fixture(scope="module")
def passwords(work):
    """A registry that asks for the password itself."""
    return Registry(*_started(work, "berthd-basic", "auth.challenge=basic"))


@pytest.fixture(scope="module")
def short(work):
    """One whose tokens end soon, and not a second later."""
    return Registry(*_started(
        work, "berthd-short", f"auth.access_token_life={TOKEN_LIFE_S}s",
        "auth.clock_leeway=0"))


def _started(work, name, *options):
    words = [word for option in options for word in ("--set", option)]
    address, password = start(work, name, *words)
    return address, "admin", password


def admin(registry, method, path, **body):
    reply = registry.request(
        method, "/api/v1" + path, {"Content-Type": "application/json"},
        json.dumps(body).encode() if body else None)
    assert reply.status in (200, 201, 204), (reply.status, reply.body)


def user(registry, name, policy, pattern):
    """Somebody new, as the registry's clients know him."""
    admin(registry, "POST", "/users", name=name, password="first password")
    admin(registry, "PUT",
          f"/users/{name}/policies/{policy}?pattern={pattern}")
    return Registry(registry.address, name, "first password")


def challenge(registry):
    fresh = Registry(registry.address, "nobody", "x")
    return fresh.request("GET", "/v2/").headers["WWW-Authenticate"]


def test_challenges(registry, passwords):
    assert challenge(registry).startswith("Bearer ")
    assert challenge(passwords).startswith("Basic ")


def make(client, registry, name, text=b"text"):
    reference = f"{registry.reference(name)}:1"
    client.import_tar(rootfs_tar({"srv/text": text}), reference)
    return reference


def moves(client, registry, name):
    """Push, forget, pull: all with what was stored at the login."""
    reference = make(client, registry, name)
    pushed = client.push(reference)
    assert registry.manifest(name, "1").digest == pushed.digest
    client.forget(reference)
    client.run("pull", reference)


def test_docker_keeps_a_refresh_token(registry, stranger):
    stranger.login(registry)
    stored = stranger.logins()[registry.address]
    assert stored["identitytoken"].startswith("brr_")
    secret = base64.b64decode(stored["auth"]).decode()
    assert registry.password not in json.dumps(stored) + secret
    moves(stranger, registry, "tokens/docker")


def test_another_password_ends_what_docker_keeps(registry, stranger):
    eve = user(registry, "eve-docker", "push-pull", "tokens/eve/*")
    stranger.login(eve)
    reference = make(stranger, registry, "tokens/eve/own")
    stranger.push(reference)
    admin(registry, "PUT", "/users/eve-docker/password",
          password="second password")
    said = stranger.push(reference, fails=True).text
    assert "denied" in said or "unauthorized" in said, said
    stranger.login(eve, "second password")
    stranger.push(reference)


def test_docker_is_told_what_it_may_not(registry, docker, stranger):
    reference = make(docker, registry, "tokens/read/only")
    docker.push(reference)
    reader = user(registry, "reader-docker", "read-only", "tokens/read/*")
    stranger.login(reader)
    stranger.run("pull", reference)
    said = stranger.push(reference, fails=True).text
    assert "denied" in said, said
    hidden = make(docker, registry, "tokens/hidden")
    docker.push(hidden)
    docker.forget(hidden)
    said = stranger.run("pull", hidden, fails=True).text
    assert "denied" in said or "unauthorized" in said, said


def test_containerd_with_few_rights(registry, containerd, docker):
    docker.push(make(docker, registry, "tokens/ctr/image"))
    reader = user(registry, "reader-ctr", "pull-only", "tokens/ctr/*")
    ctr = Ctr(containerd, reader, "tokens-few")
    ctr.pull("tokens/ctr/image:1")
    ctr.run("images", "tag", registry.reference("tokens/ctr/image:1"),
            registry.reference("tokens/ctr/copy:1"))
    ctr.push("tokens/ctr/copy:1", fails=True)
    assert not registry.has("tokens/ctr/copy", "1")
    docker.push(make(docker, registry, "tokens/other"))
    ctr.pull("tokens/other:1", fails=True)


def test_skopeo_with_few_rights(work, registry, docker):
    docker.push(make(docker, registry, "tokens/sko/image"))
    reader = user(registry, "reader-skopeo", "read-only", "tokens/sko/*")
    skopeo = Skopeo(work, reader)
    skopeo.ask("inspect", skopeo.at("tokens/sko/image:1"))
    skopeo.copy(skopeo.at("tokens/sko/image:1"),
                skopeo.at("tokens/sko/copy:1"), fails=True)


def test_an_api_token_as_a_password(work, registry, docker):
    docker.push(make(docker, registry, "tokens/api/image"))
    robot = user(registry, "ci", "push-pull", "tokens/api/*")
    made = robot.request(
        "POST", "/api/v1/me/tokens", {"Content-Type": "application/json"},
        b'{"scope":"repository:tokens/api/*:pull"}')
    secret = json.loads(made.body)["token"]
    limited = Registry(registry.address, "ci", secret)
    for client in Podman(work, limited), Buildah(work, limited):
        client.login()
        client.pull("tokens/api/image:1")
    skopeo = Skopeo(work, limited)
    skopeo.copy(skopeo.at("tokens/api/image:1"),
                skopeo.at("tokens/api/copy:1"), fails=True)


def test_passwords_where_they_are_asked_for(work, containerd, passwords,
                                            stranger):
    """What clients do whose registry knows no tokens."""
    stranger.login(passwords)
    assert "identitytoken" not in stranger.logins()[passwords.address]
    moves(stranger, passwords, "basic/docker")
    for client in Podman(work, passwords), Buildah(work, passwords):
        client.login()
        client.pull("basic/docker:1")
    ctr = Ctr(containerd, passwords, "tokens-basic")
    ctr.pull("basic/docker:1")
    skopeo = Skopeo(work, passwords)
    skopeo.copy(skopeo.at("basic/docker:1"), skopeo.at("basic/copy:1"))


@pytest.mark.slow
def test_a_push_outlasts_its_token(short, stranger):
    """A layer that takes longer than its token lives is not lost: who may
    send it is asked when it begins, and then docker gets another token."""
    line = SlowLine(short.address, b"PATCH ", TOKEN_LIFE_S + 5)
    try:
        near = Registry(line.address, short.user, short.password)
        stranger.login(near)
        reference = f"{near.reference('tokens/slow')}:1"
        stranger.import_tar(rootfs_tar({"srv/noise": noise(200_000, 3)}),
                            reference)
        before = time.monotonic()
        pushed = stranger.push(reference)
        assert line.was_held
        assert time.monotonic() - before > TOKEN_LIFE_S
        assert short.read_back("tokens/slow", "1").digest == pushed.digest
    finally:
        line.close()
