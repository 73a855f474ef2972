# SPDX-License-Identifier: Apache-2.0
"""The registry under test, and a plain HTTP reader of what it holds.

The reader shares nothing with the clients: it takes bytes from the wire,
hashes them itself and compares them with every descriptor that names them.
"""

import base64
import hashlib
import http.client
import json
import os
import ssl

import pytest

from .process import run, tool

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
EVERY_TYPE = ", ".join((OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST,
                        DOCKER_LIST))


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def same_algorithm(data, digest):
    """The digest of `data` in the algorithm that `digest` is written in."""
    return digest_of(data, digest.partition(":")[0])


class Reply:
    """One answer: status, headers (any case) and body."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body


class Manifest:
    """What was read back: exact bytes, their type, and all below them."""

    def __init__(self, raw, media_type):
        self.raw = raw
        self.media_type = media_type
        self.digest = digest_of(raw)
        self.document = json.loads(raw)
        self.blobs = {}
        self.children = []

    @property
    def config(self):
        return self.blobs[self.document["config"]["digest"]]

    @property
    def layers(self):
        return [self.blobs[layer["digest"]]
                for layer in self.document["layers"]]

    @property
    def layer_types(self):
        return [layer["mediaType"] for layer in self.document["layers"]]

    def everything(self):
        """Digest to bytes of this manifest and of all below it."""
        found = {self.digest: self.raw, **self.blobs}
        for child in self.children:
            found.update(child.everything())
        return found


class Registry:
    """Address, credentials, and requests straight over HTTP; or over HTTPS,
    where certificates names a folder with the authority in ca.crt."""

    def __init__(self, address, user, password, certificates=None):
        self.address = address
        self.user = user
        self.password = password
        self.certificates = certificates

    def connect(self):
        if not self.certificates:
            return http.client.HTTPConnection(self.address, timeout=60)
        context = ssl.create_default_context(
            cafile=os.path.join(self.certificates, "ca.crt"))
        return http.client.HTTPSConnection(self.address, timeout=60,
                                           context=context)

    @property
    def credentials(self):
        return f"{self.user}:{self.password}"

    def reference(self, name):
        return f"{self.address}/{name}"

    def request(self, method, path, headers=None, body=None):
        token = base64.b64encode(self.credentials.encode()).decode()
        fields = {"Authorization": "Basic " + token, **(headers or {})}
        link = self.connect()
        try:
            link.request(method, path, body=body, headers=fields)
            response = link.getresponse()
            return Reply(response, response.read())
        finally:
            link.close()

    def manifest(self, name, reference):
        """The manifest alone, its headers checked against its bytes."""
        path = f"/v2/{name}/manifests/{reference}"
        accept = {"Accept": EVERY_TYPE}
        reply = self.request("GET", path, accept)
        assert reply.status == 200, (path, reply.status, reply.body)
        head = self.request("HEAD", path, accept)
        assert head.status == 200 and head.body == b""
        kind = reply.headers["Content-Type"]
        asked = reference if ":" in reference else "sha256:"
        for headers in (reply.headers, head.headers):
            assert headers["Content-Length"] == str(len(reply.body))
            assert headers["Content-Type"] == kind
            assert headers["Docker-Content-Digest"] == same_algorithm(
                reply.body, asked)
        found = Manifest(reply.body, kind)
        stated = found.document.get("mediaType", kind)
        assert stated == kind, "served type and written type differ"
        return found

    def blob(self, name, descriptor):
        """A blob, its bytes checked against the descriptor."""
        digest = descriptor["digest"]
        path = f"/v2/{name}/blobs/{digest}"
        reply = self.request("GET", path)
        assert reply.status == 200, (path, reply.status, reply.body[:200])
        assert len(reply.body) == descriptor["size"]
        assert same_algorithm(reply.body, digest) == digest
        head = self.request("HEAD", path)
        assert head.status == 200
        assert head.headers["Content-Length"] == str(descriptor["size"])
        return reply.body

    def read_back(self, name, reference):
        """A manifest with every blob and child, each verified."""
        found = self.manifest(name, reference)
        by_digest = self.manifest(name, found.digest)
        assert by_digest.raw == found.raw
        assert by_digest.media_type == found.media_type
        if found.media_type in INDEXES:
            for entry in found.document["manifests"]:
                child = self.read_back(name, entry["digest"])
                assert len(child.raw) == entry["size"]
                assert child.media_type == entry["mediaType"]
                found.children.append(child)
            return found
        document = found.document
        for entry in [document["config"], *document["layers"]]:
            found.blobs[entry["digest"]] = self.blob(name, entry)
        return found

    def has(self, name, reference):
        """Whether the manifest exists; only 200 and 404 are answers."""
        path = f"/v2/{name}/manifests/{reference}"
        status = self.request("HEAD", path, {"Accept": EVERY_TYPE}).status
        assert status in (200, 404), (path, status)
        return status == 200

    def push_blob(self, name, data, algorithm="sha256"):
        """Uploads over HTTP what no client here makes; its descriptor."""
        digest = digest_of(data, algorithm)
        reply = self.request("POST", f"/v2/{name}/blobs/uploads/",
                             {"Content-Length": "0"})
        assert reply.status == 202, (reply.status, reply.body)
        where = reply.headers["Location"]
        if where.startswith("http://"):
            where = "/" + where.split("/", 3)[3]
        where += ("&" if "?" in where else "?") + "digest=" + digest
        reply = self.request("PUT", where, {
            "Content-Type": "application/octet-stream"}, data)
        assert reply.status == 201, (reply.status, reply.body)
        return {"digest": digest, "size": len(data)}

    def push_manifest(self, name, reference, raw, kind):
        path = f"/v2/{name}/manifests/{reference}"
        reply = self.request("PUT", path, {"Content-Type": kind}, raw)
        assert reply.status == 201, (path, reply.status, reply.body)
        return reply


def program():
    top = os.path.dirname(os.path.abspath(__file__))
    for _ in range(3):
        top = os.path.dirname(top)
    folder = os.environ.get("BERTH_BIN", os.path.join(top, "build", "bin"))
    path = os.path.join(folder, "berthd")
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} is not built", pytrace=False)
    return path


def start(work, name, *options):
    """A berthd of that name; its address and the administrator's password."""
    data = work.folder(name)
    password = base64.b32encode(os.urandom(15)).decode()
    env = {**work.env, "BERTH_ADMIN_PASSWORD": password}
    daemon = work.start(name, [program(), "--data", data, "--listen",
                               "127.0.0.1:0", *options], env)
    address = daemon.await_ready(lambda: _first_line(
        os.path.join(data, "berthd.address")))
    return address, password


def start_registry(work):
    """The built berthd, or the one that BERTH_TEST_REGISTRY names."""
    named = os.environ.get("BERTH_TEST_REGISTRY")
    if named:
        return Registry(*named.split(",", 2))
    address, password = start(work, "berthd")
    return Registry(address, "admin", password)


def start_https(work):
    """One that speaks HTTPS with a certificate that signed itself."""
    folder = work.folder("certificates")
    key = os.path.join(work.folder("key"), "key.pem")
    certificate = os.path.join(folder, "ca.crt")
    run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out",
         certificate], work.env)
    address, password = start(work, "berthd-https", "--set",
                              "tls.certificate=" + certificate, "--set",
                              "tls.key=" + key)
    return Registry(address, "admin", password, folder)


def _first_line(path):
    try:
        with open(path, encoding="ascii") as source:
            return source.read().strip()
    except FileNotFoundError:
        return ""
