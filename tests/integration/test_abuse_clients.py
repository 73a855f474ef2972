# SPDX-License-Identifier: Apache-2.0
"""A12: proxies that are trusted, and those that are not; how often one asks."""
import pytest
from berthlib.oci import Repository
from berthlib.server import PASSWORD
from berthlib.wire import Client

PROXY = "server.trusted_proxies=127.0.0.0/8"


def bearer(server, *headers):
    """The challenge to a request that comes from somewhere."""
    got = Client(server.address).request("GET", "/v2/", None, list(headers))
    return got.error(401, "UNAUTHORIZED").get("WWW-Authenticate")


def peers(server, target):
    """Where requests for a target came from, as the log has it."""
    server.stop()
    with open(server.log, encoding="utf-8") as file:
        lines = [line for line in file if '"request"' in line]
    return [line.split('"peer":"')[1].split('"')[0] for line in lines
            if '"path":"%s"' % target in line]


@pytest.mark.plain
def test_DKR_05_A12_trusted_proxy(own_server):
    server = own_server(PROXY, "auth.challenge=bearer")
    host = "%s:%d" % server.address
    assert 'realm="http://%s/token"' % host in bearer(server)
    assert 'realm="https://%s/token"' % host in bearer(
        server, ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.test"))
    client = server.client()
    for value in ("192.0.2.7", "203.0.113.9, 192.0.2.8",
                  "203.0.113.9, nonsense"):
        client.request("GET", "/v2/", None,
                       [("X-Forwarded-For", value)]).expect(200)
    client.request("GET", "/v2/", None,
                   [("Forwarded", "for=192.0.2.9;proto=https")]).expect(200)
    assert peers(server, "/v2/")[2:] == [
        "192.0.2.7", "192.0.2.8", "127.0.0.1", "192.0.2.9"]


@pytest.mark.plain
def test_DKR_05_A12_untrusted_proxy(own_server):
    server = own_server("server.trusted_proxies=10.0.0.0/8,::1",
                        "auth.challenge=bearer")
    spoofed = [("X-Forwarded-For", "192.0.2.7"),
               ("X-Forwarded-Proto", "https"),
               ("Forwarded", "for=192.0.2.9;proto=https")]
    assert 'realm="http://' in bearer(server, *spoofed)
    server.client().request("GET", "/v2/", None, spoofed).expect(200)
    assert peers(server, "/v2/") == ["127.0.0.1", "127.0.0.1"]


def too_many(reply):
    reply.error(429, "TOOMANYREQUESTS")
    assert 1 <= int(reply.get("Retry-After")) <= 60
    return True


def ask(client, target, address=None, limit=2000):
    """How many requests are let through before one is refused."""
    headers = [("X-Forwarded-For", address)] if address else []
    for passed in range(limit):
        reply = client.request("GET", target, None, headers)
        if reply.status == 429:
            too_many(reply)
            return passed
    return limit


def test_A12_requests_per_address(own_server):
    """One in a second, and ten seconds' worth saved up."""
    server = own_server(PROXY, "limits.requests_per_address=1",
                        "limits.burst=10s")
    client = server.client()
    assert 10 <= ask(client, "/v2/", "192.0.2.7") < 2000
    assert ask(client, "/v2/", "192.0.2.8", 10) == 10
    assert 10 <= ask(client, "/v2/", "2001:db8::1") < 2000
    assert ask(client, "/v2/", "2001:db8::ffff:1") < 10
    assert ask(client, "/healthz", "192.0.2.7", 60) == 60


def test_A12_requests_per_principal(own_server):
    """However many addresses he has; who is anonymous is no principal."""
    server = own_server(PROXY, "limits.requests_per_principal=1",
                        "limits.burst=10s", arguments=["--anonymous", "pull"])
    client = server.client()
    assert ask(client, "/v2/", "192.0.2.7", 5) == 5
    assert 5 <= ask(client, "/v2/", "192.0.2.8") < 2000
    assert ask(client, "/v2/", "192.0.2.9") < 10
    assert ask(client.anonymous(), "/v2/_catalog", None, 60) == 60


@pytest.mark.parametrize("body", [b"x" * 100, b"x" * 4000000])
def test_A12_a_body_over_the_rate(own_server, body):
    """It is refused before it is sent, and the connection stays in order."""
    server = own_server("limits.requests_per_address=1", "limits.burst=1s")
    repo = Repository(Client(server.address, "admin", PASSWORD), "slow")
    while True:
        reply = repo.client.request("POST", repo.uploads, body)
        if reply.status == 429:
            break
    assert too_many(reply)
    assert repo.client.get("/healthz").status == 200
