# SPDX-License-Identifier: Apache-2.0
"""A18: many at once for the same thing, thousands who only stand there, and
ranges without end.  Full disks, lost inodes, descriptors and failing fsyncs
are in test_full.py and test_faults.py."""
import hashlib
import os
import resource
import threading
import time

from berthlib import wire
from berthlib.oci import Repository, digest
from history import wait_for

MIB = 1 << 20
HERD = 150
IDLE = 10000


def files_of_blobs(server):
    """How many descriptors of blobs the server holds."""
    folder = "/proc/%d/fd" % server.process.pid
    count = 0
    for name in os.listdir(folder):
        try:
            count += "/blobs/" in os.readlink(os.path.join(folder, name))
        except FileNotFoundError:
            pass
    return count


def resident(server):
    with open("/proc/%d/statm" % server.process.pid, encoding="ascii") as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def test_A18_a_herd_on_one_cold_blob(server):
    server.start()
    data = hashlib.sha256(b"herd").digest() * (2 * MIB // 32)
    Repository(server.client(), "herd").push_blob(data)
    server.restart()
    repo = Repository(server.client(), "herd")
    repo.client.get("/healthz").expect(200)
    before = resident(server)
    target, wrong = repo.blob(digest(data)), []
    gate = threading.Barrier(HERD)

    def pull():
        client = server.client().clone()
        gate.wait()
        try:
            if client.get(target).expect(200).body != data:
                wrong.append("bytes")
        except AssertionError as error:
            wrong.append(error)
        client.close()

    threads = [threading.Thread(target=pull) for _ in range(HERD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    wait_for("one open file", lambda: files_of_blobs(server) <= 1)
    # Far from a copy for each.
    assert resident(server) - before < HERD * len(data) // 4


def test_A18_thousands_of_idle_connections(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(IDLE, hard - 1000)
    idle = []
    try:
        server.start()
        repo = Repository(server.client(), "idle")
        kept = repo.push_image("kept")
        folder = "/proc/%d/fd" % server.process.pid
        before = len(os.listdir(folder))
        ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(count):
            one = wire.Connection(server.address, timeout=60)
            one.send(ask)
            assert one.reply().status == 200
            idle.append(one)
        times = []
        for number in range(20):
            since = time.monotonic()
            other = Repository(server.client(), "idle")
            assert other.get(other.manifest("kept")).expect(200).body == kept
            times.append(time.monotonic() - since)
            repo.push_blob(b"%d" % number)
        assert sorted(times)[10] < 1, times
        # They were not forgotten: any of them may ask again.
        for one in idle[::count // 50]:
            one.send(ask)
            assert one.reply().status == 200
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_for("their descriptors back",
             lambda: len(os.listdir(folder)) < before + 60)


def test_A18_ranges_without_end(server):
    server.start()
    repo = Repository(server.client(), "ranges")
    data = os.urandom(100000)
    target = repo.blob(repo.push_blob(data))
    for ranges in (["0-"] * 500, ["%d-%d" % (n, n) for n in range(800)],
                   ["0-99999"] * 300, ["-1"] * 900, ["0-0,,"] * 500,
                   ["5-1"], ["99999999999999999999-"], ["0-18446744073709551616"]):
        reply = repo.get(target, [("Range", "bytes=" + ",".join(ranges))])
        reply.expect(200, 206, 400, 416, 431)
        assert len(reply.body) <= len(data), "answered with more than there is"
        if reply.status == 200:
            assert reply.body == data
    repo.get(target, [("Range", "bytes=7-9")]).expect(206)
