# SPDX-License-Identifier: Apache-2.0
"""OCI image layouts on disk: made and checked by hand."""
import hashlib
import json
import os

from . import oci


def write(folder, tag="latest", layer=b"layer", annotations=None):
    """A layout of one image; returns the manifest's bytes."""
    config = oci.dump({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [oci.digest(layer)]}})
    manifest = json.loads(oci.image(config, [layer]))
    manifest["layers"][0]["mediaType"] = \
        "application/vnd.oci.image.layer.v1.tar"
    if annotations:
        manifest["annotations"] = annotations
    data = oci.dump(manifest)
    for content in (config, layer, data):
        put(folder, content)
    entry = oci.descriptor(data, oci.MANIFEST)
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    mark(folder, {"schemaVersion": 2, "mediaType": oci.INDEX,
                  "manifests": [entry]})
    return data


def mark(folder, index):
    """Write oci-layout and index.json."""
    with open(os.path.join(folder, "oci-layout"), "w") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    with open(os.path.join(folder, "index.json"), "w") as file:
        json.dump(index, file)


def put(folder, content, algorithm="sha256"):
    name = hashlib.new(algorithm, content).hexdigest()
    place = os.path.join(folder, "blobs", algorithm)
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, name), "wb") as file:
        file.write(content)


def check(folder):
    """Fail unless this is a whole layout; {digest: bytes} of its blobs."""
    with open(os.path.join(folder, "oci-layout")) as file:
        assert json.load(file)["imageLayoutVersion"] == "1.0.0"
    with open(os.path.join(folder, "index.json")) as file:
        index = json.load(file)
    assert index["schemaVersion"] == 2
    blobs = {}
    base = os.path.join(folder, "blobs")
    for algorithm in os.listdir(base):
        for name in os.listdir(os.path.join(base, algorithm)):
            with open(os.path.join(base, algorithm, name), "rb") as file:
                content = file.read()
            assert hashlib.new(algorithm, content).hexdigest() == name
            blobs[algorithm + ":" + name] = content
    for entry in index["manifests"]:
        assert len(blobs[entry["digest"]]) == entry["size"]
    return index, blobs
