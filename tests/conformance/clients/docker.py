# SPDX-License-Identifier: Apache-2.0
"""The distribution's docker client with a dockerd of our own."""

import json
import os
import re
import tarfile

from .process import run, tool
from .registry import digest_of


class Docker:
    """A daemon with its own sockets, stores and process files."""

    def __init__(self, work, containerd):
        folder = work.folder("docker")
        self.work = work
        self.socket = "unix://" + os.path.join(folder, "sock")
        self.env = {**work.env, "DOCKER_BUILDKIT": "0"}
        config = os.path.join(folder, "daemon.json")
        with open(config, "w", encoding="ascii") as sink:
            sink.write("{}")
        daemon = work.start("dockerd", [
            tool("dockerd"), "-H", self.socket,
            "--containerd", containerd.socket,
            "--config-file", config,
            "--data-root", os.path.join(folder, "data"),
            "--exec-root", os.path.join(folder, "exec"),
            "--pidfile", os.path.join(folder, "pid"),
            "--bridge", "none", "--iptables=false", "--ip6tables=false",
            "--ip-forward=false"], self.env)
        self.user = DockerUser(self, "nobody")
        daemon.await_ready(self._answers)

    def _answers(self):
        if not os.path.exists(self.socket.partition("://")[2]):
            return False
        self.user.run("version")
        return True


class DockerUser:
    """The client with a configuration, and so with logins, of its own."""

    def __init__(self, docker, name):
        self.docker = docker
        self.config = docker.work.folder("docker-" + name)

    def run(self, *words, fails=False, stdin=b""):
        return run([tool("docker"), "--config", self.config, "-H",
                    self.docker.socket, *words], self.docker.env, fails,
                   stdin)

    def login(self, registry, password=None, fails=False):
        secret = registry.password if password is None else password
        return self.run("login", "-u", registry.user, "--password-stdin",
                        registry.address, fails=fails,
                        stdin=secret.encode())

    def logins(self):
        """The addresses that the configuration keeps credentials for."""
        path = os.path.join(self.config, "config.json")
        with open(path, encoding="utf-8") as source:
            return json.load(source).get("auths", {})

    def import_tar(self, tar, reference):
        self.run("import", "-", reference, stdin=tar)

    def build(self, reference, layers):
        """An image of one layer for each of the given folders of files."""
        context = self.docker.work.fresh("build")
        lines = ["FROM scratch"]
        for number, files in enumerate(layers):
            for path, data in files.items():
                full = os.path.join(context, str(number), path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "wb") as sink:
                    sink.write(data)
                os.chmod(full, 0o755)
            lines.append(f"COPY {number} /")
        with open(os.path.join(context, "Dockerfile"), "w",
                  encoding="ascii") as sink:
            sink.write("\n".join(lines) + "\n")
        self.run("build", "-q", "-t", reference, context)

    def push(self, reference, fails=False):
        return Pushed(self.run("push", reference, fails=fails))

    def inspect(self, reference):
        return json.loads(self.run("image", "inspect", reference).out)[0]

    def forget(self, *references):
        """Drops images so that a later pull has to fetch every byte."""
        self.run("image", "rm", "-f", *references)
        for reference in references:
            self.run("image", "inspect", reference, fails=True)

    def saved(self, reference):
        """Configuration and layer digests of the image as docker keeps
        it, taken from its bytes."""
        path = os.path.join(self.docker.work.fresh("save"), "image.tar")
        self.run("save", "-o", path, reference)
        with tarfile.open(path) as tar:
            entry = json.load(tar.extractfile("manifest.json"))[0]
            names = [entry["Config"], *entry["Layers"]]
            found = [digest_of(tar.extractfile(name).read())
                     for name in names]
        os.unlink(path)
        return found


class Pushed:
    """What `docker push` said."""

    def __init__(self, result):
        self.text = result.text
        found = re.search(r"digest: (\S+) size: (\d+)", result.out)
        self.digest = found and found.group(1)
        self.size = found and int(found.group(2))

    def count(self, phrase):
        return self.text.count(phrase)
