# SPDX-License-Identifier: Apache-2.0
"""/healthz, /readyz and /metrics."""
import re

from berthlib import oci
from berthlib.oci import Repository

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_]\w*="(\\.|'
                    r'[^"\\])*",?)*\})? (-?[0-9.eE+-]+|\+Inf|-Inf|NaN)$')


def test_health_and_readiness(api):
    for target in ("/healthz", "/readyz"):
        for client in (api, api.anonymous()):
            client.get(target).expect(200)
            client.request("HEAD", target).expect(200)
        api.request("POST", target).expect(405)


def samples(api):
    reply = api.get("/metrics").expect(200)
    assert reply.get("Content-Type").startswith("text/plain"), str(reply)
    found = {}
    for line in reply.body.decode().splitlines():
        if not line or line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, line
        name = match.group(1) + (match.group(2) or "")
        assert name not in found, name
        found[name] = float(match.group(5))
    return found


def test_metrics(own_server):
    server = own_server()
    repo = Repository(server.client(), "counted")
    data = repo.push_image("one")
    before = samples(repo.client)
    for _ in range(7):
        repo.get(repo.manifest("one")).expect(200)
    repo.get(repo.manifest("none")).expect(404)
    repo.start()
    after = samples(repo.client)
    grown = {name for name in after if after[name] > before.get(name, 0)}
    text = "\n".join(sorted(after))
    assert any(after[name] - before.get(name, 0) == 7 for name in grown)
    for word in ("request", "bucket", "bytes", "upload", "blob", "disk|free",
                 "build|version|info"):
        assert re.search(word, text), "%s is not among\n%s" % (word, text)
    assert oci.digest(data) not in text


def test_metrics_are_not_for_who_comes_through_a_proxy(own_server):
    """A proxy on this machine is no reason to trust who is behind it."""
    server = own_server()
    client = server.client().anonymous()
    client.get("/metrics").expect(200)
    for name in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host",
                 "X-Forwarded-Proto", "X-Real-IP"):
        client.get("/metrics", headers={name: "10.0.0.1"}).expect(401)
    server.client().get("/metrics", headers={"Via": "1.1 x"}).expect(200)


def test_metrics_have_bounded_labels(own_server):
    """What clients ask for does not become names of series."""
    server = own_server()
    client = server.client()
    client.get("/metrics").expect(200)
    before = len(samples(client))
    for n in range(60):
        client.get("/v2/absent-%d/tags/list" % n)
        client.clone().request("M%d" % n, "/odd-%d" % n)
    assert len(samples(client)) - before < 60


def test_metrics_for_loopback_or_the_entitled(api):
    api.get("/metrics").expect(200)
    api.anonymous().get("/metrics").expect(200)
    api.clone(password="wrong").get("/metrics").expect(200, 401)


def test_unknown_paths_outside_v2(api):
    for target in ("/admin", "/healthz/x", "/metrics/", "/favicon.ico"):
        api.get(target).expect(404)
