# SPDX-License-Identifier: Apache-2.0
"""The event loops: many busy connections, and clients that stand still."""
import select
import time

import pytest
from berthlib import oci
from berthlib.oci import Repository
from berthlib.wire import Connection


def answers(connections, head, rounds):
    """Ask on every connection at once, some rounds; count the answers."""
    count = 0
    for _ in range(rounds):
        for conn in connections:
            conn.sock.send(head)
        for conn in connections:
            assert conn.reply("GET").status == 200
            count += 1
    return count


@pytest.mark.parametrize("size", [128, 256, 512, 1024])
def test_busy_connections(own_server, size):
    """Multiples of 128 ready events at once once hung such loops."""
    server = own_server("server.event_loops=2")
    repo = Repository(server.client(), "busy")
    repo.push_image("one")
    head = repo.client.head("GET", repo.manifest("one"))
    connections = [Connection(server.address) for _ in range(size)]
    assert answers(connections, head, 3) == size * 3
    for conn in connections:
        conn.close()


def test_busy_connections_on_one_loop(own_server):
    server = own_server("server.event_loops=1")
    client = server.client()
    client.get("/v2/").expect(200)
    connections = [Connection(server.address) for _ in range(256)]
    answers(connections, client.head("GET", "/v2/"), 3)
    for conn in connections:
        conn.close()


def test_stalled_downloads_do_not_block(own_server):
    """Clients that ask for much and read nothing."""
    server = own_server("server.event_loops=1")
    repo = Repository(server.client(), "stalled")
    size = 32 << 20
    target = repo.blob(repo.push_blob(bytes(size)))
    stalled = []
    for _ in range(32):
        conn = Connection(server.address)
        conn.send(repo.client.head("GET", target))
        stalled.append(conn)
    since = time.monotonic()
    for _ in range(50):
        repo.get("/v2/").expect(200)
    repo.push_image("one")
    assert time.monotonic() - since < 5
    for conn in stalled[:3]:
        assert len(conn.reply("GET").body) == size
    for conn in stalled:
        conn.close()


def test_half_sent_heads_do_not_block(own_server):
    server = own_server("server.event_loops=1")
    client = server.client()
    half = [Connection(server.address) for _ in range(200)]
    for conn in half:
        conn.send(b"GET /v2/ HTTP/1.1\r\nHost")
    since = time.monotonic()
    for _ in range(50):
        client.get("/v2/").expect(200)
    assert time.monotonic() - since < 5
    for conn in half:
        conn.close()


def test_many_uploads_at_once(own_server):
    """More uploads under way than workers and writers; all end well."""
    server = own_server("server.workers=4", "storage.blob_writers=1")
    repo = Repository(server.client(), "many")
    bodies = [b"%d" % n * 60000 for n in range(40)]
    connections = []
    for body in bodies:
        conn = Connection(server.address)
        conn.send(repo.client.head("POST", "%s?digest=%s" % (
            repo.uploads, oci.digest(body)), [], len(body)) + body[:30000])
        connections.append(conn)
    for conn, body in zip(connections, bodies):
        conn.send(body[30000:])
    for conn, body in zip(connections, bodies):
        assert conn.reply("POST").status == 201
        assert repo.get(repo.blob(oci.digest(body))).expect(200).body == body
        conn.close()


def test_connections_over_the_limit_wait(own_server):
    server = own_server("limits.connections=16")
    client = server.client()
    held = [Connection(server.address) for _ in range(16)]
    answers(held, client.head("GET", "/v2/"), 1)
    with Connection(server.address) as late:
        late.send(client.head("GET", "/v2/"))
        ready, _, _ = select.select([late.sock], [], [], 0.3)
        assert not ready, "the 17th connection was served"
        held.pop().close()
        held.pop().close()
        assert late.reply("GET").status == 200
    for conn in held:
        conn.close()
    server.client().get("/v2/").expect(200)


def test_connections_per_address(own_server):
    server = own_server("limits.connections_per_address=5")
    client = server.client()
    head = client.head("GET", "/v2/")
    held = [Connection(server.address) for _ in range(5)]
    answers(held, head, 2)
    refused = 0
    for _ in range(3):
        with Connection(server.address) as more:
            more.send(head)
            try:
                status = more.reply("GET").status
            except AssertionError:
                refused += 1
            else:
                assert status in (429, 503)
                refused += 1
    assert refused == 3
    answers(held, head, 1)
    for conn in held:
        conn.close()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            assert client.clone().get("/v2/").status == 200
            break
        except AssertionError:
            time.sleep(0.05)
    client.clone().get("/v2/").expect(200)


@pytest.mark.disk
def test_sendfile_is_used(own_server):
    """A large blob goes out without passing through the process."""
    server = own_server()
    repo = Repository(server.client(), "sent")
    size = 64 << 20
    target = repo.blob(repo.push_blob(bytes(size)))

    def cpu():
        with open("/proc/%d/stat" % server.process.pid) as file:
            return int(file.read().rsplit(")", 1)[1].split()[11])

    before = cpu()
    for _ in range(3):
        with Connection(server.address) as conn:
            conn.send(repo.client.head("GET", target))
            left = size
            while left > 0:
                got = conn.sock.recv(1 << 20)
                assert got
                left -= len(got)
    # User time: copying 192 MiB through user space costs more ticks than
    # handing it from file to socket, which costs the process next to none.
    assert cpu() - before <= 15
