# SPDX-License-Identifier: Apache-2.0
"""Writes and fsyncs that fail or wait, descriptors that run out, a clock that
jumps: a clear answer, nothing lost, and well again without a restart."""
import errno
import os
import resource
import threading
import time

import pytest

from berthlib import wire
from berthlib.oci import Repository, digest
from berthlib.server import PASSWORD
from disturb import BLOB, DATABASE, DIRECTORY, LOG, OTHER
from history import Load, wait_for

DAY_MS = 86400000
EVERYTHING = BLOB | DATABASE | DIRECTORY | LOG | OTHER
TOLD = {errno.EIO: (500, 503), errno.ENOSPC: (507, 503),
        errno.EROFS: (500, 503), errno.EDQUOT: (500, 503, 507)}

CASES = [
    ("fail_write", BLOB, errno.EIO), ("fail_sync", BLOB, errno.EIO),
    ("fail_sync", LOG, errno.EIO), ("fail_write", LOG, errno.ENOSPC),
    ("fail_write", EVERYTHING, errno.EROFS),
]
MORE_CASES = [
    ("fail_write", LOG, errno.EIO), ("fail_sync", DIRECTORY, errno.EIO),
    ("fail_write", BLOB, errno.EDQUOT), ("fail_sync", LOG, errno.EDQUOT),
    ("fail_sync", EVERYTHING, errno.EIO), ("fail_write", DATABASE, errno.EIO),
    ("fail_sync", DATABASE, errno.EIO),
]
STEPS = ["publish:fsync", "meta:after_commit"]
MORE_STEPS = ["append:write", "publish:synced", "publish:linked",
              "publish:dir_synced", "meta:begin", "meta:before_commit"]


def with_slow(quick, more):
    """Parameters of which the second lot is for longer.sh."""
    return quick + [pytest.param(one, marks=pytest.mark.slow) for one in more]


def case_name(case):
    names = {BLOB: "blobs", LOG: "log", DIRECTORY: "directories",
             DATABASE: "database", EVERYTHING: "everything"}
    return "%s-%s-%s" % (case[0], names[case[1]], errno.errorcode[case[2]])


def push(repo, seed, size=100000):
    """Push one blob; the reply that decided."""
    data = (seed + ".").encode() * (size // (len(seed) + 1))
    reply = repo.client.request("POST", repo.uploads)
    if reply.status != 202:
        return reply
    return repo.client.request("PUT", "%s?digest=%s" % (
        reply.get("Location"), digest(data)), data)


def well_again(repo, seed):
    """It may take a moment to open the database anew; no longer."""
    wait_for("pushes that hold", lambda: push(repo, seed).status == 201)


@pytest.mark.parametrize("case", with_slow(CASES, MORE_CASES), ids=case_name)
def test_A18_the_disk_fails_under_load(own_server, disturbance, case):
    what, kind, error = case
    server = own_server(env=disturbance.env)
    load = Load(PASSWORD, case_name(case))
    server.start()
    repo = Repository(server.client(), "faults/kept")
    kept = repo.push_image("kept")
    load.start(server.address)
    load.work(30)
    disturbance.set(**{what: kind, "error": error})
    if kind == DATABASE:
        load.work(150)  # only a checkpoint writes there, and may fail
    else:
        load.work(5, "failed")
    if kind not in (DIRECTORY, DATABASE):
        push(repo, "refused").error(TOLD[error], "DENIED", "UNSUPPORTED",
                                    "TOOMANYREQUESTS")
    assert repo.get(repo.manifest("kept")).expect(200).body == kept
    assert disturbance.get("failed") > 0 or kind == DATABASE
    disturbance.calm()
    well_again(repo, "again")
    load.work(40)
    load.join()
    load.verify(server.address)
    server.restart()
    load.verify(server.address)


@pytest.mark.parametrize("step", with_slow(STEPS, MORE_STEPS))
def test_a_step_fails_from_some_moment_on(own_server, step):
    server = own_server(env={"BERTH_FAILPOINT": step + "=eio@40"})
    load = Load(PASSWORD, "step/" + step)
    server.start()
    load.start(server.address)
    load.work(5, "failed")
    repo = Repository(server.client(), "faults/step")
    push(repo, "refused").error((500, 503), "UNSUPPORTED", "TOOMANYREQUESTS")
    load.join()
    load.verify(server.address, uploads=False)
    server.kill()
    del server.env["BERTH_FAILPOINT"]
    server.start()
    load.verify(server.address)


def limit_files(server, count):
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE,
                     (count, HARD_FILES))


HARD_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def open_files(server):
    return len(os.listdir("/proc/%d/fd" % server.process.pid))


def test_A18_no_descriptors(server):
    server.start()
    repo = Repository(server.client(), "faults/files")
    kept = repo.push_image("kept")
    for number in range(20):
        assert push(repo, "cached%d" % number, 5000).status == 201
        repo.get(repo.blob(digest(b"cached%d." % number * (
            5000 // (len("cached%d" % number) + 1))))).expect(200)
    limit_files(server, open_files(server) + 4)
    waiting = [wire.Connection(server.address) for _ in range(30)]
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert repo.get(repo.manifest("kept")).expect(200).body == kept
        reply = push(repo, "perhaps")
        if reply.status != 201:
            reply.error(503, "TOOMANYREQUESTS")
    limit_files(server, 1024)
    # Those who waited are served now, and nobody had to be sent away.
    for connection in waiting:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.reply().status == 200
        connection.close()
    well_again(repo, "again")
    assert b"out-of-descriptors" in open(server.log, "rb").read()


def test_the_wall_clock_jumps(own_server, disturbance):
    server = own_server("limits.header_timeout=2s", "auth.password_cache=5m",
                        env=disturbance.env)
    server.start()
    repo = Repository(server.client(), "faults/clock")
    kept = repo.push_image("kept")
    data = os.urandom(200000)

    def begin():
        place = repo.start()
        repo.client.request("PATCH", place, data[:100000]).expect(202)
        return place

    def end(place):
        repo.client.request("PUT", "%s?digest=%s" % (place, digest(data)),
                            data[100000:]).expect(201)

    place = begin()
    slow = wire.Connection(server.address)
    slow.send(b"GET /healthz HTTP/1.1\r\n")
    for moved in (-30 * DAY_MS, 0, DAY_MS - 3600000, -DAY_MS, 0):
        disturbance.set(wall_ms=moved)
        assert repo.get(repo.manifest("kept")).expect(200).body == kept
        assert push(repo, "at %d" % moved).status == 201
        other = begin()
        time.sleep(0.3)
        end(other)
    disturbance.calm()
    # Neither a jump back nor one of less than its life ends a session.
    end(place)
    # The deadline of a head is no business of the wall clock's.
    assert b"408" in slow.sock.recv(100) and slow.closed()

    # A session of a life to come is not kept for ever: back in the present
    # it is as old as it looks, and a jump past its life does end it.
    place = begin()
    disturbance.set(wall_ms=2 * DAY_MS)
    wait_for("the session's end",
             lambda: repo.client.get(place).status == 404)
    assert repo.get(repo.manifest("kept")).expect(200).body == kept
    assert push(repo, "late").status == 201
    server.restart()
    disturbance.calm()
    server.restart()
    repo = Repository(server.client(), "faults/clock")
    assert repo.get(repo.manifest("kept")).expect(200).body == kept


def median(times):
    return sorted(times)[len(times) // 2]


@pytest.mark.parametrize("kind", [BLOB, LOG], ids=["blobs", "log"])
def test_a_slow_disk_does_not_hold_up_readers(own_server, disturbance, kind):
    """Each fsync takes 0.3 s, and each write of a blob: pushes wait, pulls do
    not, and pushes do not wait for one another's in turn."""
    server = own_server(env=disturbance.env)
    server.start()
    repo = Repository(server.client(), "faults/slow")
    kept = repo.push_image("kept")
    disturbance.set(slow_sync=kind, slow_write=kind & BLOB, slow_ms=300)
    done = []

    def pusher(number):
        mine = Repository(server.client(), "faults/slow%d" % number)
        for turn in range(2):
            done.append(push(mine, "slow%d/%d" % (number, turn)).status)

    threads = [threading.Thread(target=pusher, args=(n,)) for n in range(12)]
    since = time.monotonic()
    for thread in threads:
        thread.start()
    times = []
    while any(thread.is_alive() for thread in threads):
        asked = time.monotonic()
        assert repo.get(repo.manifest("kept")).expect(200).body == kept
        repo.get(repo.tags).expect(200)
        repo.head(repo.blob(digest(("layer of faults/slow ").encode())))
        times.append(time.monotonic() - asked)
    took = time.monotonic() - since
    disturbance.calm()
    assert done == [201] * 24
    assert median(times) < 0.15, times
    # One after the other the 24 would wait for 0.3 s twice each at least.
    assert took < 12, took


def test_readers_have_threads_of_their_own(own_server, disturbance):
    """The only worker waits for a slow sync; a pull that is not cached, a
    listing and a look at a blob do not wait for it."""
    server = own_server("server.workers=1", env=disturbance.env)
    server.start()
    repo = Repository(server.client(), "faults/reader")
    kept = repo.push_image("kept")
    mine = Repository(server.client(), "faults/writer")
    disturbance.set(slow_sync=BLOB, slow_ms=3000)
    done = []
    pusher = threading.Thread(
        target=lambda: done.append(push(mine, "slow").status))
    pusher.start()
    times = []
    while pusher.is_alive():
        asked = time.monotonic()
        repo.get(repo.tags).expect(200)
        assert repo.get(repo.manifest("kept")).expect(200).body == kept
        times.append(time.monotonic() - asked)
    disturbance.calm()
    assert done == [201]
    assert median(times) < 1, times
