# SPDX-License-Identifier: Apache-2.0
"""Many clients at once: what each is told stays true for the others."""
import json
import os
import random
import threading

import pytest
from berthlib import oci
from berthlib.oci import Repository

TAGS = ["a", "b", "c", "d"]


def together(*functions):
    """Run all at once; fail with the first failure."""
    failures = []

    def call(function):
        try:
            function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def with_own_client(repo, function):
    def run():
        mine = Repository(repo.client.clone(), repo.name)
        function(mine)
        mine.client.close()
    return run


def pull(repo, ref):
    """What a tag leads to is whole, or went as a whole."""
    got = repo.get(repo.manifest(ref)).expect(200, 404)
    if got.status == 404:
        return
    digest = got.get("Docker-Content-Digest")
    assert oci.digest(got.body) == digest
    document = json.loads(got.body)
    for entry in [document["config"]] + document["layers"]:
        part = repo.get(repo.blob(entry["digest"]))
        if part.status == 404:
            # Only a deletion of the manifest lets a blob go.
            repo.get(repo.manifest(digest)).expect(404)
            return
        assert oci.digest(part.expect(200).body) == entry["digest"]


@pytest.mark.backend
def test_mixed_work_on_one_repository(own_server):
    server = own_server()
    shared = Repository(server.client(), "mixed")
    images = [shared.push_image(TAGS[n % 4], str(n)) for n in range(6)]

    def work(seed):
        dice = random.Random(seed)

        def run(repo):
            for _ in range(40):
                tag, data = dice.choice(TAGS), dice.choice(images)
                name = oci.digest(data)
                step = dice.randrange(6)
                if step == 0:
                    repo.delete(repo.manifest(tag)).expect(202, 404)
                elif step == 1:
                    repo.delete(repo.manifest(name)).expect(202, 404)
                elif step == 2:
                    repo.put(tag, data).expect(201)
                elif step == 3:
                    repo.put("%s?tag=%s&tag=x" % (name, tag), data).expect(201)
                elif step == 4:
                    found = repo.get(repo.tags).expect(200).json()["tags"]
                    assert found == sorted(set(found))
                else:
                    pull(repo, tag)
        return run

    together(*(with_own_client(shared, work(n)) for n in range(6)))
    for tag in shared.get(shared.tags).expect(200).json()["tags"]:
        got = shared.get(shared.manifest(tag)).expect(200)
        assert got.body in images
        by_digest = shared.get(shared.manifest(oci.digest(got.body)))
        assert by_digest.expect(200).body == got.body


@pytest.mark.backend
def test_blob_deleted_and_pushed_by_many(own_server):
    """A 201 for a blob means it can be named, unless a delete came after."""
    server = own_server()
    shared = Repository(server.client(), "contested")
    body = os.urandom(20000)
    name = oci.digest(body)

    def push(repo):
        for _ in range(25):
            assert repo.push_blob(body) == name

    def delete(repo):
        for _ in range(25):
            repo.delete(repo.blob(name)).expect(202, 404)

    def read(repo):
        for _ in range(60):
            got = repo.get(repo.blob(name)).expect(200, 404)
            if got.status == 200:
                assert got.body == body

    together(*(with_own_client(shared, f)
               for f in (push, push, delete, read, read)))
    shared.push_blob(body)
    assert shared.get(shared.blob(name)).expect(200).body == body


@pytest.mark.backend
def test_one_tag_first_pushed_by_many(own_server):
    """All are told 201; the tag is one of theirs and every digest stays."""
    server = own_server()
    shared = Repository(server.client(), "first")
    images = [shared.push_image(None, str(n)) for n in range(6)]

    def push(data):
        return lambda repo: repo.put("new", data).expect(201)

    together(*(with_own_client(shared, push(data)) for data in images))
    assert shared.get(shared.manifest("new")).expect(200).body in images
    for data in images:
        got = shared.get(shared.manifest(oci.digest(data))).expect(200)
        assert got.body == data


@pytest.mark.backend
def test_layers_of_an_image_pushed_while_others_mount(own_server):
    server = own_server()
    client = server.client()
    source = Repository(client, "source")
    bodies = [os.urandom(5000) for _ in range(8)]
    for body in bodies:
        source.push_blob(body)

    def build(repo):
        for body in bodies:
            repo.client.request("POST", "%s?mount=%s&from=source" % (
                repo.uploads, oci.digest(body))).expect(201)
        repo.push_blob(b"{}")
        repo.put("one", oci.image(b"{}", bodies)).expect(201)
        pull(repo, "one")

    together(*(with_own_client(Repository(client, "copy%d" % n), build)
               for n in range(6)))
