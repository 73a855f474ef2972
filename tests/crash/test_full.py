# SPDX-License-Identifier: Apache-2.0
"""No room left: a push is told so with 507, pulls and deletes go on, nothing is
lost, and it works again once there is room, without a restart.  Also a file
system that turns read-only below a running server."""
import os

import pytest

from berthlib.oci import Repository, digest, image
from berthlib.server import PASSWORD
from filesystem import MIB, Disk, Mounted, command
from history import Load, wait_for


def data_of(seed, size=300000):
    return ((seed + ".").encode()) * (size // (len(seed) + 1))


def try_push(repo, seed):
    """Push one blob; the reply that decided."""
    data = data_of(seed)
    reply = repo.client.request("POST", repo.uploads)
    if reply.status != 202:
        return reply
    place = reply.get("Location")
    return repo.client.request(
        "PUT", "%s?digest=%s" % (place, digest(data)), data)


def expect_507(reply):
    reply.error(507, "DENIED")
    assert "disk is full" in reply.json()["errors"][0]["message"]


@pytest.fixture
def disk(tmp_path, mounted):
    """ext4 on a loop device; asked for before the server that lies on it."""
    return mounted(Disk(tmp_path / "disk", tmp_path / "mnt", size=64 * MIB))


def pulls(repo, kept):
    assert repo.get(repo.manifest("kept")).expect(200).body == kept
    for blob in ("config", "layer"):
        name = digest(data_of(blob))
        assert repo.get(repo.blob(name)).expect(200).body == data_of(blob)


def push_kept(repo):
    """A manifest of two blobs that must stay."""
    for blob in ("config", "layer", "spare"):
        assert try_push(repo, blob).status == 201
    kept = image(data_of("config"), [data_of("layer")])
    repo.push_manifest("kept", kept)
    for number in range(4):
        repo.push_manifest("gone%d" % number, kept)
    return kept


def test_A18_a_full_disk_under_load(disk, own_server):
    server = own_server(folder=disk.path)
    load = Load(PASSWORD, "full")
    server.start()
    load.start(server.address)
    load.work(60)
    disk.fill()
    load.work(20, "failed")
    repo = Repository(server.client(), "full/other")
    expect_507(try_push(repo, "more"))
    load.join()
    load.verify(server.address, uploads=False)
    disk.free()
    load.start(server.address)
    load.work(60)
    load.join()
    load.verify(server.address)
    server.restart()
    load.verify(server.address)


def test_the_reserve_lets_people_delete(disk, own_server):
    server = own_server("storage.low_water=12MiB", "storage.reserve=4MiB",
                        folder=disk.path)
    server.start()
    repo = Repository(server.client(), "reserve")
    reserve = os.path.join(server.data, "reserve")
    kept = push_kept(repo)
    wait_for("the reserve", lambda: os.path.exists(reserve))

    disk.fill(leave=8 * MIB)
    wait_for("the low-water mark", lambda: try_push(
        repo, "more").status == 507)
    expect_507(try_push(repo, "more"))
    expect_507(repo.put("new", kept))
    assert os.path.exists(reserve), "given up although there is room"
    repo.delete(repo.manifest("gone0")).expect(202)

    disk.fill("brim")
    wait_for("giving up the reserve", lambda: not os.path.exists(reserve))
    pulls(repo, kept)
    for number in range(1, 4):
        repo.delete(repo.manifest("gone%d" % number)).expect(202)
    repo.delete(repo.blob(digest(data_of("spare")))).expect(202)
    expect_507(try_push(repo, "more"))

    disk.free("brim")
    disk.free()
    wait_for("taking the reserve back", lambda: os.path.exists(reserve))
    wait_for("room", lambda: try_push(repo, "more").status == 201)
    pulls(repo, kept)
    repo.get(repo.blob(digest(data_of("spare")))).error(404, "BLOB_UNKNOWN")


def test_A18_no_inodes(tmp_path, mounted, own_server):
    place = mounted(Mounted(tmp_path / "small", "-t", "tmpfs", "-o",
                            "size=64m,nr_inodes=1200", "tmpfs"))
    server = own_server(folder=place.path)
    server.start()
    repo = Repository(server.client(), "inodes")
    kept = push_kept(repo)
    taken = []
    with pytest.raises(OSError):
        while True:
            path = os.path.join(place.path, "taken%d" % len(taken))
            os.close(os.open(path, os.O_CREAT))
            taken.append(path)
    expect_507(try_push(repo, "more"))
    wait_for("the look at the disk", lambda: try_push(
        repo, "more").status == 507)
    pulls(repo, kept)
    repo.delete(repo.manifest("gone0")).expect(202)
    repo.delete(repo.blob(digest(data_of("spare")))).expect(202)
    for path in taken:
        os.unlink(path)
    wait_for("inodes", lambda: try_push(repo, "more").status == 201)
    pulls(repo, kept)


def test_a_file_system_that_gives_up(tmp_path, mounted, own_server):
    """ext4 turns read-only after an error and stays so: what can be read is
    served; on the file system repaired everything is there."""
    disk = mounted(Disk(tmp_path / "disk", tmp_path / "mnt",
                        "errors=remount-ro", size=64 * MIB))
    server = own_server(folder=disk.path)
    server.start()
    repo = Repository(server.client(), "readonly")
    kept = push_kept(repo)
    disk.remount("abort")
    for _ in range(3):
        for reply in (try_push(repo, "more"), repo.put("new", kept),
                      repo.delete(repo.manifest("gone0"))):
            reply.error((500, 503), "UNSUPPORTED", "TOOMANYREQUESTS")
        pulls(repo, kept)
    server.kill()
    disk.close()
    # 1: errors were corrected, here those that abort itself recorded.
    command("bash", "-c", "e2fsck -fy %s; [ $? -le 1 ]" % disk.image)
    mounted(Disk(disk.image, disk.path, made=True))
    server.start()
    repo = Repository(server.client(), "readonly")
    pulls(repo, kept)
    assert repo.get(repo.manifest("gone0")).expect(200).body == kept
    assert try_push(repo, "more").status == 201
