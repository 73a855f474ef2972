# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL goes away under a working berthd, and comes back: errors while it
is away, nothing lost, no restart."""
import os
import resource
import signal
import time

import pytest

from berthlib import wire
from berthlib.oci import Repository
from berthlib.server import PASSWORD
from history import Load, wait_for
from postgres import Postgres


@pytest.fixture(scope="module")
def cluster():
    made = Postgres()
    yield made
    made.remove()


@pytest.fixture
def postgres(cluster):
    cluster.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield cluster


@pytest.fixture
def server(postgres, own_server):
    one = own_server("storage.database=" + postgres.url)
    one.start()
    return one


def well_again(repo):
    def pushed():
        place = repo.client.request("POST", repo.uploads)
        return place.status == 202
    wait_for("the database", pushed)
    repo.push_image("again")


def test_stopped_and_started_under_load(server, postgres):
    load = Load(PASSWORD, "postgres")
    repo = Repository(server.client(), "away/kept")
    kept = repo.push_image("kept")
    load.start(server.address)
    for mode in ("immediate", "fast"):
        load.work(40)
        postgres.stop(mode)
        try:
            load.work(10, "failed")
            for reply in (repo.get(repo.manifest("other")),
                          repo.client.request("POST", repo.uploads),
                          repo.put("new", kept), repo.get(repo.tags)):
                reply.error(503, "TOOMANYREQUESTS")
            repo.get("/readyz").expect(503)
            repo.get("/healthz").expect(200)
        finally:
            postgres.start()
        well_again(repo)
        repo.get("/readyz").expect(200)
    load.work(40)
    load.join()
    load.verify(server.address)
    assert repo.get(repo.manifest("kept")).expect(200).body == kept
    server.restart()
    load.verify(server.address)


def test_connections_ended_under_load(server, postgres):
    """Also in the middle of a commit, whose outcome then is unknown."""
    load = Load(PASSWORD, "terminated")
    load.start(server.address)
    load.work(20)
    ended = 0
    deadline = time.monotonic() + 60
    while (ended < 60 or load.failed < 3) and time.monotonic() < deadline:
        ended += postgres.terminate()
        time.sleep(0.01)
    assert ended > 30
    well_again(Repository(server.client(), "ended/again"))
    load.work(40)
    load.join()
    load.verify(server.address)


def test_a_frozen_database_is_waited_for(server, postgres):
    load = Load(PASSWORD, "frozen")
    load.start(server.address)
    load.work(20)
    stopped = postgres.processes()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(1)
        assert server.client().get("/healthz").status == 200
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)
    load.work(40)
    load.join()
    load.verify(server.address)
    server.restart()
    load.verify(server.address)


def test_no_start_without_the_database(server, postgres):
    server.stop()
    postgres.stop()
    try:
        with pytest.raises(AssertionError, match="left with 1"):
            server.start()
        assert "PostgreSQL: connecting" in server.tail()
    finally:
        postgres.start()
    server.start()


def test_no_descriptors_and_no_cache(server):
    """On PostgreSQL nothing is cached that could be given up."""
    limit = resource.RLIMIT_NOFILE
    hard = resource.getrlimit(limit)[1]
    pid = server.process.pid
    repo = Repository(server.client(), "files")
    kept = repo.push_image("kept")
    resource.prlimit(pid, limit, (len(os.listdir("/proc/%d/fd" % pid)) + 2,
                                  hard))
    waiting = [wire.Connection(server.address) for _ in range(20)]
    wait_for("the shortage", lambda: "out-of-descriptors" in server.tail())
    assert repo.get(repo.manifest("kept")).expect(200).body == kept
    resource.prlimit(pid, limit, (1024, hard))
    for connection in waiting:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.reply().status == 200
        connection.close()
    well_again(repo)
