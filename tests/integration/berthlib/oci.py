# SPDX-License-Identifier: Apache-2.0
"""Image documents, and the steps of a push that many tests repeat."""
import hashlib
import json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

CODES = {
    "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID",
    "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS"}


def digest(data, algorithm="sha256"):
    return algorithm + ":" + hashlib.new(algorithm, data).hexdigest()


def dump(document):
    """Bytes with an indentation that no re-encoder would produce."""
    return json.dumps(document, indent=3).encode()


def descriptor(data, /, kind=LAYER, algorithm="sha256", **more):
    entry = {"mediaType": kind, "digest": digest(data, algorithm),
             "size": len(data)}
    entry.update(more)
    return entry


def image(config, layers, kind=MANIFEST, **more):
    """A manifest of a config and layers, all given as bytes."""
    docker = kind == DOCKER_MANIFEST
    document = {
        "schemaVersion": 2, "mediaType": kind,
        "config": descriptor(config, DOCKER_CONFIG if docker else CONFIG),
        "layers": [descriptor(layer, DOCKER_LAYER if docker else LAYER)
                   for layer in layers]}
    document.update(more)
    return dump(document)


def index(children, kind=INDEX, **more):
    """An index of (bytes, media type) children."""
    document = {
        "schemaVersion": 2, "mediaType": kind,
        "manifests": [descriptor(data, child) for data, child in children]}
    document.update(more)
    return dump(document)


def artifact(subject, kind="application/vnd.test.signature", **more):
    """A manifest with the empty config that refers to a subject."""
    document = {
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
        "config": descriptor(b"{}", EMPTY), "layers": [
            descriptor(b"{}", EMPTY)]}
    if subject is not None:
        document["subject"] = subject
    document.update(more)
    return dump(document)


class Repository:
    """The routes of one repository, and pushes through them."""

    def __init__(self, client, name):
        self.client = client
        self.name = name
        self.base = "/v2/" + name

    def blob(self, ref):
        return "%s/blobs/%s" % (self.base, ref)

    def manifest(self, ref):
        return "%s/manifests/%s" % (self.base, ref)

    @property
    def uploads(self):
        return self.base + "/blobs/uploads/"

    @property
    def tags(self):
        return self.base + "/tags/list"

    def referrers(self, ref):
        return "%s/referrers/%s" % (self.base, ref)

    def start(self, query=""):
        """Open an upload session; its location."""
        got = self.client.request("POST", self.uploads + query).expect(202)
        return got.get("Location")

    def push_blob(self, data, algorithm="sha256"):
        name = digest(data, algorithm)
        place = self.start()
        self.client.request(
            "PUT", finish(place, name), data,
            {"Content-Type": "application/octet-stream"}).expect(201)
        return name

    def put(self, ref, data, kind=MANIFEST, headers=()):
        pairs = [("Content-Type", kind)] + list(headers)
        return self.client.request("PUT", self.manifest(ref), data, pairs)

    def push_manifest(self, ref, data, kind=MANIFEST):
        self.put(ref, data, kind).expect(201)
        return digest(data)

    def push_image(self, ref=None, seed="", kind=MANIFEST, **more):
        """Push config, one layer and the manifest; the manifest's bytes."""
        config = dump({"architecture": "amd64", "os": "linux",
                       "seed": self.name + seed})
        layer = ("layer of %s %s" % (self.name, seed)).encode()
        self.push_blob(config)
        self.push_blob(layer)
        data = image(config, [layer], kind, **more)
        self.push_manifest(ref or digest(data), data, kind)
        return data

    def push_artifact(self, subject, ref=None, **more):
        self.push_blob(b"{}")
        data = artifact(subject, **more)
        got = self.put(ref or digest(data), data).expect(201)
        return data, got

    def get(self, target, headers=()):
        return self.client.request("GET", target, None, headers)

    def head(self, target, headers=()):
        return self.client.request("HEAD", target, None, headers)

    def delete(self, target):
        return self.client.request("DELETE", target)


def finish(place, name):
    """The URL of the closing PUT of a session at this location."""
    return "%s%sdigest=%s" % (place, "&" if "?" in place else "?", name)


def next_link(reply):
    """The target of Link rel=next, or None."""
    link = reply.get("Link")
    if link is None:
        return None
    target, _, rel = link.partition(">")
    assert target.startswith("<") and 'rel="next"' in rel, str(reply)
    return target[1:]


def pages(client, target, key):
    """Follow the links of a list; the pages' lists."""
    found = []
    while target:
        got = client.request("GET", target).expect(200)
        found.append(got.json()[key])
        target = next_link(got)
        assert len(found) < 1000, "the list never ends"
    return found
