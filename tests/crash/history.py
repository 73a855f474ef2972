# SPDX-License-Identifier: Apache-2.0
"""A mixed load that keeps a record of what was acknowledged.

Each key (a blob, a manifest or a tag of a repository) has the set of states
that it may be in: one state after an answer, the old and the new one while an
answer is missing.  A key is changed by one worker only, so the set is exact.
"""
import hashlib
import http.client
import json
import random
import threading
import time
from base64 import b64encode

IMAGE = "application/vnd.oci.image.manifest.v1+json"
ABSENT = None
TIMEOUT_S = 20
WORK_S = 60
REFUSED = (404, 409, 507)  # nothing was changed
UNKNOWN = (500, 503)       # as without an answer: a commit may have failed
SIZES = [0, 1, 100, 5000, 70000, 1500000]


def wait_for(what, reached, seconds=WORK_S):
    """Until it is so; a machine under load may take long."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "never came: " + what
        time.sleep(0.02)


class Lost(Exception):
    """No answer came: the change may have happened or not."""


class Connection:
    """Requests over one connection, made anew when it was lost."""

    def __init__(self, address, password):
        self.address = address
        token = b64encode(b"admin:" + password.encode()).decode()
        self.headers = {"Authorization": "Basic " + token}
        self.http = None

    def send(self, method, path, body=None, **headers):
        try:
            if self.http is None:
                self.http = http.client.HTTPConnection(
                    *self.address, timeout=TIMEOUT_S)
            self.http.request(method, path, body,
                              {**self.headers, **headers})
            reply = self.http.getresponse()
            return reply.status, reply.headers, reply.read()
        except (OSError, http.client.HTTPException) as lost:
            self.close()
            raise Lost(str(lost)) from lost

    def close(self):
        if self.http:
            self.http.close()
        self.http = None


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def image_of(config, layers):
    entry = {"mediaType": "application/vnd.test"}
    return json.dumps({
        "schemaVersion": 2, "mediaType": IMAGE,
        "config": {**entry, "digest": digest_of(config), "size": len(config)},
        "layers": [{**entry, "digest": digest_of(layer), "size": len(layer)}
                   for layer in layers]}).encode()


class Worker(threading.Thread):
    """Pushes, tags and deletes in a repository of its own."""

    def __init__(self, number, address, password, seed, sizes=SIZES):
        super().__init__(daemon=True)
        self.sizes = sizes
        self.repository = "crash/worker%d" % number
        self.base = "/v2/" + self.repository
        self.address = address
        self.password = password
        self.random = random.Random(seed)
        self.blobs = {}      # digest -> set of states (bytes or ABSENT)
        self.manifests = {}  # digest -> the same
        self.tags = {}       # name -> set of digests or ABSENT
        self.images = {}     # manifest digest -> (config, layers)
        self.upload = None   # (location, content)
        self.acknowledged = 0
        self.failed = 0
        self.stop = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.surprise = None

    # ---- the record ----

    def change(self, table, key, state, request):
        """Make a change and note what it may have come to."""
        before = table.get(key, {ABSENT})
        table[key] = before | {state}
        status = request()
        if status in (201, 202):
            table[key] = {state}
            self.acknowledged += 1
        elif status in REFUSED:
            table[key] = before
            self.failed += status == 507
        elif status in UNKNOWN:
            self.failed += 1
        else:
            raise AssertionError("status %d" % status)
        return status

    @staticmethod
    def refused(status):
        """What a step before the last says: the blob is not there yet."""
        assert status in REFUSED + UNKNOWN, "status %d" % status
        return 507 if status >= 500 else status

    # ---- the load ----

    def run(self):
        connection = Connection(self.address, self.password)
        steps = [self.push_image, self.push_image, self.move_tag,
                 self.delete_tag, self.delete_manifest, self.delete_blob,
                 self.leave_upload]
        try:
            while not self.stop.is_set():
                self.go.wait()
                self.random.choice(steps)(connection)
        except Lost:
            pass
        except AssertionError as surprise:
            self.surprise = surprise
        connection.close()

    def content(self):
        size = self.random.choice(self.sizes)
        return self.random.randbytes(size) if size > 1 else b"x" * size

    def push_blob(self, connection, data):
        def request():
            status, headers, _ = connection.send(
                "POST", self.base + "/blobs/uploads/")
            if status != 202:
                return self.refused(status)
            location = headers["Location"]
            body = data
            if self.random.random() < 0.5:
                half = len(data) // 2
                status, _, _ = connection.send("PATCH", location, data[:half])
                if status != 202:
                    return self.refused(status)
                body = data[half:]
            status, _, _ = connection.send(
                "PUT", location + "?digest=" + digest_of(data), body)
            return status
        self.change(self.blobs, digest_of(data), data, request)

    def push_image(self, connection):
        config, layer = self.content(), self.content()
        self.push_blob(connection, config)
        self.push_blob(connection, layer)
        manifest = image_of(config, [layer])
        digest = digest_of(manifest)
        tag = "t%d" % self.random.randrange(4)
        self.images[digest] = (config, [layer])
        before = self.tags.get(tag, {ABSENT})
        self.tags[tag] = before | {digest}
        status = self.change(
            self.manifests, digest, manifest,
            lambda: connection.send("PUT", self.base + "/manifests/" + tag,
                                    manifest, **{"Content-Type": IMAGE})[0])
        self.note_tag(tag, digest, status, before)

    def note_tag(self, tag, state, status, before):
        """A tag that was changed along with a manifest."""
        if status in (201, 202):
            self.tags[tag] = {state}
        elif status in REFUSED:
            self.tags[tag] = before

    def known(self, table):
        return [key for key, states in table.items()
                if len(states) == 1 and ABSENT not in states]

    def move_tag(self, connection):
        choice = self.known(self.manifests)
        if not choice:
            return
        digest = self.random.choice(choice)
        manifest, = self.manifests[digest]
        tag = "t%d" % self.random.randrange(4)
        self.change(self.tags, tag, digest, lambda: connection.send(
            "PUT", self.base + "/manifests/" + tag, manifest,
            **{"Content-Type": IMAGE})[0])

    def delete_tag(self, connection):
        choice = self.known(self.tags)
        if choice:
            tag = self.random.choice(choice)
            self.change(self.tags, tag, ABSENT, lambda: connection.send(
                "DELETE", self.base + "/manifests/" + tag)[0])

    def delete_manifest(self, connection):
        choice = self.known(self.manifests)
        if not choice or self.random.random() < 0.5:
            return
        digest = self.random.choice(choice)
        tagged = [tag for tag, states in self.tags.items()
                  if digest in states]
        before = {tag: self.tags[tag] for tag in tagged}
        for tag in tagged:
            self.tags[tag] = self.tags[tag] | {ABSENT}
        status = self.change(
            self.manifests, digest, ABSENT, lambda: connection.send(
                "DELETE", self.base + "/manifests/" + digest)[0])
        for tag in tagged:
            self.note_tag(tag, ABSENT, status, before[tag])

    def delete_blob(self, connection):
        choice = self.known(self.blobs)
        if choice:
            digest = self.random.choice(choice)
            self.change(self.blobs, digest, ABSENT, lambda: connection.send(
                "DELETE", self.base + "/blobs/" + digest)[0])

    def leave_upload(self, connection):
        """An upload that is gone on with after the crash."""
        data = self.random.randbytes(300000)
        status, headers, _ = connection.send(
            "POST", self.base + "/blobs/uploads/")
        if status != 202:
            self.refused(status)
            return
        self.upload = (headers["Location"], data)
        status, _, _ = connection.send("PATCH", headers["Location"],
                                       data[:200000])
        if status != 202:
            self.refused(status)

    # ---- the check ----

    def verify(self, address, uploads=True):
        """Compare what is there with the record, and take it over; uploads:
        also go on with what was left, which a full disk does not allow."""
        connection = Connection(address, self.password)
        for digest, states in self.blobs.items():
            self.verify_one(connection, self.blobs, digest, states,
                            self.base + "/blobs/" + digest)
        for digest, states in self.manifests.items():
            self.verify_one(connection, self.manifests, digest, states,
                            self.base + "/manifests/" + digest)
        for tag, states in self.tags.items():
            self.verify_tag(connection, tag, states)
        self.verify_listing(connection)
        self.verify_whole(connection)
        if uploads:
            self.verify_upload(connection)
        connection.close()

    def verify_one(self, connection, table, key, states, path):
        status, _, body = connection.send("GET", path)
        assert status in (200, 404), (path, status, body[:300])
        found = body if status == 200 else ABSENT
        assert found in states, "%s is not as acknowledged (%d)" % (
            path, status)
        table[key] = {found}

    def verify_tag(self, connection, tag, states):
        status, headers, _ = connection.send(
            "HEAD", self.base + "/manifests/" + tag)
        found = headers["Docker-Content-Digest"] if status == 200 else ABSENT
        assert status in (200, 404) and found in states, (tag, found, states)
        self.tags[tag] = {found}

    def verify_listing(self, connection):
        status, _, body = connection.send("GET", self.base + "/tags/list")
        listed = json.loads(body).get("tags", []) if status == 200 else []
        want = sorted(tag for tag, states in self.tags.items()
                      if ABSENT not in states)
        assert listed == want, (listed, want)

    def verify_whole(self, connection):
        """Nothing is half visible: a manifest has all that it names."""
        for digest in self.known(self.manifests):
            config, layers = self.images[digest]
            for data in [config] + layers:
                status, _, body = connection.send(
                    "GET", self.base + "/blobs/" + digest_of(data))
                assert status == 200 and body == data, (digest, status)

    def verify_upload(self, connection):
        """The session tells the truth about its offset, and goes on."""
        if not self.upload:
            return
        location, data = self.upload
        self.upload = None
        status, headers, _ = connection.send("GET", location)
        if status == 404:
            return
        assert status == 204, status
        last = int(headers["Range"].split("-")[1])
        offset = last + 1 if last else 0
        assert offset <= 200000, offset
        status, _, body = connection.send(
            "PUT", location + "?digest=" + digest_of(data), data[offset:])
        assert status == 201, (status, body)
        self.blobs[digest_of(data)] = {data}


class Load:
    """Several workers, and their record over restarts."""

    def __init__(self, password, seed, count=4, sizes=SIZES):
        self.password = password
        self.seed = seed
        self.sizes = sizes
        self.workers = [None] * count

    def start(self, address):
        for number, old in enumerate(self.workers):
            fresh = Worker(number, address, self.password,
                           "%s/%d" % (self.seed, number), self.sizes)
            if old:
                for table in ("blobs", "manifests", "tags", "images"):
                    setattr(fresh, table, getattr(old, table))
                fresh.acknowledged = old.acknowledged
                fresh.failed = old.failed
            self.workers[number] = fresh
            fresh.start()

    def join(self):
        self.pause(False)
        for worker in self.workers:
            worker.stop.set()
        for worker in self.workers:
            worker.join(TIMEOUT_S * 2)
            assert not worker.is_alive()
            if worker.surprise:
                raise worker.surprise

    def pause(self, paused=True):
        """Have nobody begin anything new for a while."""
        for worker in self.workers:
            if paused:
                worker.go.clear()
            else:
                worker.go.set()

    def stuck(self):
        """True when nobody works any more."""
        return not any(worker.is_alive() for worker in self.workers)

    def work(self, count, what="acknowledged"):
        """Wait until so many more changes were acknowledged, or failed."""
        want = getattr(self, what) + count
        end = time.monotonic() + WORK_S
        while getattr(self, what) < want:
            assert time.monotonic() < end, (
                "the load does not come on", self.acknowledged, self.failed,
                [worker.surprise for worker in self.workers])
            assert not self.stuck(), [worker.surprise
                                      for worker in self.workers]
            time.sleep(0.002)

    def frozen(self):
        """The record as it stands, to hold a copy of the data against it.  A
        worker may go on meanwhile: what it asks for it notes before."""
        copy = Load(self.password, self.seed, len(self.workers))
        for number, worker in enumerate(self.workers):
            fresh = Worker(number, None, self.password, self.seed)
            # Answers first: what is acknowledged later may lack from them.
            fresh.acknowledged = worker.acknowledged
            fresh.upload = worker.upload
            for table in ("tags", "manifests", "blobs", "images"):
                setattr(fresh, table, dict(getattr(worker, table)))
            copy.workers[number] = fresh
        return copy

    def verify(self, address, uploads=True):
        for worker in self.workers:
            worker.verify(address, uploads)

    @property
    def failed(self):
        return sum(worker.failed for worker in self.workers)

    @property
    def acknowledged(self):
        return sum(worker.acknowledged for worker in self.workers)
