# SPDX-License-Identifier: Apache-2.0
"""Images made from nothing but a static busybox: root file systems as tars,
OCI layouts of them, and readers that take both apart again."""

import gzip
import hashlib
import io
import json
import os
import random
import tarfile

from .process import tool
from .registry import (INDEXES, OCI_INDEX, OCI_MANIFEST, digest_of)

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
APPLETS = ("sh", "cat", "ls", "sha256sum", "true", "echo")
MIB = 1 << 20


def noise(size, seed):
    """Bytes that no compressor makes smaller, the same for every run."""
    return random.Random(seed).randbytes(size)


def busybox_files():
    """Path to content of the smallest root file system that runs."""
    with open(tool("busybox"), "rb") as source:
        return {"bin/busybox": source.read()}


def tree_tar(files, links=()):
    """A tar with the same bytes for the same input."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.GNU_FORMAT) as tar:
        folders = {os.path.dirname(path) for path in files} - {""}
        for folder in sorted(folders):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(entry, io.BytesIO(content))
        for path, target in links:
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return sink.getvalue()


def rootfs_tar(extra=None):
    """Busybox, its links, and the files of `extra`."""
    links = [("bin/" + applet, "busybox") for applet in APPLETS]
    return tree_tar({**busybox_files(), **(extra or {})}, links)


class Layout:
    """An OCI image layout on disk that is written blob by blob."""

    def __init__(self, path):
        self.path = path
        self.entries = []
        os.makedirs(os.path.join(path, "blobs", "sha256"), exist_ok=True)
        self._write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def _write(self, name, data):
        with open(os.path.join(self.path, name), "wb") as sink:
            sink.write(data)

    def blob(self, data, media_type):
        digest = digest_of(data)
        self._write("blobs/sha256/" + digest.partition(":")[2], data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def image(self, tars, architecture="amd64", variant=None):
        """An image of the given layer tars, as gzip; its descriptor."""
        layers = [self.blob(gzip.compress(tar, 1, mtime=0), LAYER + "+gzip")
                  for tar in tars]
        raw = json.dumps(config_of(tars, architecture, variant)).encode()
        # The trailing spaces survive only where nothing is written anew.
        manifest = manifest_of(self.blob(raw, CONFIG), layers) + b" \n"
        entry = self.blob(manifest, OCI_MANIFEST)
        entry["platform"] = {"os": "linux", "architecture": architecture}
        if variant:
            entry["platform"]["variant"] = variant
        return entry

    def index(self, entries):
        raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX,
                          "manifests": entries}, indent=1).encode()
        return self.blob(raw, OCI_INDEX)

    def tag(self, entry, name):
        """Names an entry and writes the layout's own index."""
        self.entries.append({
            **entry,
            "annotations": {"org.opencontainers.image.ref.name": name}})
        self._write("index.json", json.dumps({
            "schemaVersion": 2, "manifests": self.entries}).encode())


def config_of(tars, architecture="amd64", variant=None):
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": "2024-01-01T00:00:00Z",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers",
                   "diff_ids": [digest_of(tar) for tar in tars]},
    }
    if variant:
        config["variant"] = variant
    return config


def manifest_of(config, layers):
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                       "config": config, "layers": layers},
                      indent=2).encode()


def layout_blobs(path):
    """Digest to bytes of a layout; a name must be its content's digest."""
    found = {}
    folder = os.path.join(path, "blobs", "sha256")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as source:
            data = source.read()
        assert digest_of(data) == "sha256:" + name
        found["sha256:" + name] = data
    return found


def layout_entry(path, position=0):
    """The digest that the layout's own index lists at `position`."""
    with open(os.path.join(path, "index.json"), "rb") as source:
        return json.load(source)["manifests"][position]["digest"]


def layout_read(path, digest):
    """Digest to bytes of what is reachable from `digest`, and no more."""
    blobs = layout_blobs(path)
    found, todo = {}, [digest]
    while todo:
        name = todo.pop()
        found[name] = blobs[name]
        document = json.loads(blobs[name])
        if document.get("mediaType") in INDEXES or "manifests" in document:
            todo += [entry["digest"] for entry in document["manifests"]]
            continue
        for entry in [document["config"], *document["layers"]]:
            found[entry["digest"]] = blobs[entry["digest"]]
    return found


def tree_digests(path):
    """Relative path to digest of every file; links as their target."""
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            full = os.path.join(folder, name)
            short = os.path.relpath(full, path)
            if os.path.islink(full):
                found[short] = "-> " + os.readlink(full)
            elif os.path.isfile(full):
                with open(full, "rb") as source:
                    found[short] = hashlib.sha256(source.read()).hexdigest()
    return found


def tar_digests(tars):
    """The same as tree_digests(), of layers laid over each other."""
    found = {}
    for data in tars:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for entry in tar:
                name = os.path.normpath(entry.name)
                if entry.issym():
                    found[name] = "-> " + entry.linkname
                elif entry.isfile():
                    content = tar.extractfile(entry).read()
                    found[name] = hashlib.sha256(content).hexdigest()
    return found
