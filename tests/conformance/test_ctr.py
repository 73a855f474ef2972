# SPDX-License-Identifier: Apache-2.0
"""containerd's ctr."""

from clients.image import layout_entry, layout_read, noise, rootfs_tar
from clients.registry import digest_of


def fill(skopeo, layout, name, *options):
    """Puts the layout's image under a name; its bytes by digest."""
    skopeo.copy(f"oci:{layout.path}:made", skopeo.at(name), *options)
    return layout_read(layout.path, layout_entry(layout.path))


def test_pull_without_credentials(skopeo, registry, ctr, layout_image):
    fill(skopeo, layout_image, "ctr/closed:1")
    ctr.run("images", "pull", "--plain-http",
            registry.reference("ctr/closed:1"), fails=True)


def test_pull_push_pull(skopeo, registry, ctr, layout_image):
    before = fill(skopeo, layout_image, "ctr/first:1")
    ctr.pull("ctr/first:1")
    digest = layout_entry(layout_image.path)
    assert ctr.digest("ctr/first:1") == digest
    for name, data in before.items():
        assert ctr.content(name) == data
    ctr.run("images", "tag", registry.reference("ctr/first:1"),
            registry.reference("ctr/second:2"))
    ctr.push("ctr/second:2")
    assert registry.read_back("ctr/second", "2").everything() == before
    ctr.forget("ctr/first:1")
    ctr.forget("ctr/second:2")
    ctr.pull("ctr/second:2")
    assert ctr.digest("ctr/second:2") == digest


def test_pull_by_digest(skopeo, ctr, layout_image):
    fill(skopeo, layout_image, "ctr/by-digest:1")
    name = "ctr/by-digest@" + layout_entry(layout_image.path)
    ctr.pull(name)
    assert ctr.digest(name) == layout_entry(layout_image.path)


def test_index(skopeo, registry, ctr, layout_index):
    before = fill(skopeo, layout_index, "ctr/index:1", "--all",
                  "--preserve-digests")
    ctr.pull("ctr/index:1", "--all-platforms")
    assert ctr.digest("ctr/index:1") == layout_entry(layout_index.path)
    for name, data in before.items():
        assert ctr.content(name) == data
    ctr.run("images", "tag", registry.reference("ctr/index:1"),
            registry.reference("ctr/index/copy:1"))
    ctr.push("ctr/index/copy:1")
    assert registry.read_back("ctr/index/copy", "1").everything() == before


def test_push_again(skopeo, registry, ctr, layout_image):
    before = fill(skopeo, layout_image, "ctr/again:1")
    ctr.pull("ctr/again:1")
    ctr.push("ctr/again:1")
    ctr.push("ctr/again:1")
    assert registry.read_back("ctr/again", "1").everything() == before


def test_push_of_an_imported_image(registry, ctr, docker, work):
    """What containerd took from an archive, pushed and pulled back."""
    reference = registry.reference("ctr/imported:1")
    docker.import_tar(rootfs_tar({"srv/n": noise(900_000, 3)}), reference)
    path = work.fresh("save") + "/image.tar"
    docker.run("save", "-o", path, reference)
    ctr.run("images", "import", path)
    digest = ctr.digest("ctr/imported:1")
    ctr.push("ctr/imported:1")
    found = registry.read_back("ctr/imported", "1")
    assert found.digest == digest
    for name, data in found.everything().items():
        assert ctr.content(name) == data
    ctr.forget("ctr/imported:1")
    ctr.pull("ctr/imported:1")
    assert ctr.digest("ctr/imported:1") == digest


def test_run(skopeo, registry, ctr, layout_image):
    fill(skopeo, layout_image, "ctr/run:1")
    ctr.pull("ctr/run:1")
    said = ctr.run("run", "--rm", registry.reference("ctr/run:1"),
                   "conformance", "/bin/sha256sum", "/srv/noise").out
    assert said.split()[0] == digest_of(noise(300_000, 7)).partition(":")[2]


def test_content_fetch(skopeo, registry, ctr, layout_index):
    """The low-level fetch of an index keeps every byte as well."""
    before = fill(skopeo, layout_index, "ctr/fetch:1", "--all",
                  "--preserve-digests")
    ctr.run("content", "fetch", "--plain-http", "--user",
            registry.credentials, "--all-platforms",
            registry.reference("ctr/fetch:1"))
    for name, data in before.items():
        assert ctr.content(name) == data
