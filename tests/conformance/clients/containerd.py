# SPDX-License-Identifier: Apache-2.0
"""A containerd of our own, and its client ctr."""

import os

from .process import run, tool

CONFIG = """version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{socket}"
[ttrpc]
  address = "{socket}.ttrpc"
"""


class Containerd:
    """The daemon; docker's daemon of the same run uses it too."""

    def __init__(self, work):
        folder = work.folder("ctrd")
        self.socket = os.path.join(folder, "sock")
        self.env = work.env
        config = os.path.join(folder, "config.toml")
        with open(config, "w", encoding="utf-8") as sink:
            sink.write(CONFIG.format(socket=self.socket,
                                     root=os.path.join(folder, "root"),
                                     state=os.path.join(folder, "state")))
        tool("runc")
        daemon = work.start("containerd", [tool("containerd"), "-c", config])
        daemon.await_ready(self._answers)

    def _answers(self):
        if not os.path.exists(self.socket):
            return False
        run([tool("ctr"), "-a", self.socket, "version"], self.env)
        return True


class Ctr:
    """ctr in a name space of its own, so that tests do not meet."""

    def __init__(self, containerd, registry, space):
        self.registry = registry
        self.env = containerd.env
        self.start = [tool("ctr"), "-a", containerd.socket, "-n", space]

    def run(self, *words, fails=False, stdin=b""):
        return run([*self.start, *words], self.env, fails, stdin)

    def pull(self, name, *options, fails=False):
        return self._move("pull", name, options, fails)

    def push(self, name, *options, fails=False):
        return self._move("push", name, options, fails)

    def _move(self, verb, name, options, fails):
        return self.run("images", verb, "--plain-http", "--user",
                        self.registry.credentials, *options,
                        self.registry.reference(name), fails=fails)

    def digest(self, name):
        """The digest that containerd's image store keeps for a name."""
        reference = self.registry.reference(name)
        listing = self.run("images", "ls", f"name=={reference}").out
        return listing.splitlines()[1].split()[2]

    def content(self, digest):
        """The bytes that containerd's content store keeps."""
        return self.run("content", "get", digest).raw

    def forget(self, name):
        """Drops the image and, at once, all that it alone held."""
        self.run("images", "rm", "--sync", self.registry.reference(name))
