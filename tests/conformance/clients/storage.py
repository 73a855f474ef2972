# SPDX-License-Identifier: Apache-2.0
"""The clients that share containers/image: podman, buildah and skopeo."""

import json
import os

from .process import run, tool

POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}'

# Rlimits cannot be raised everywhere, and locks in shared memory would be
# shared with every other store on the machine.
ENGINE = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
static_dir = "{folder}/static"
tmp_dir = "{folder}/tmp"
volume_path = "{folder}/volumes"
"""


# Not every verb hands --tls-verify=false on to every request it makes.
PLAIN_HTTP = """unqualified-search-registries = []
[[registry]]
location = "{address}"
insecure = true
"""


def client_env(work, folder, registry):
    """The files that stand in for everything below /etc/containers."""
    known = "" if registry.certificates else PLAIN_HTTP
    files = {
        "containers.conf": ENGINE.format(folder=folder),
        "registries.conf": known.format(address=registry.address),
        "storage.conf": '[storage]\ndriver = "overlay"\n'
                        f'graphroot = "{folder}/root"\n'
                        f'runroot = "{folder}/run"\n',
    }
    for name, text in files.items():
        _write(os.path.join(folder, name), text)
    own = work.folder("home", ".config", "containers")
    _write(os.path.join(own, "policy.json"), POLICY)
    return {
        **work.env,
        "CONTAINERS_CONF": os.path.join(folder, "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": os.path.join(folder, "registries.conf"),
        "CONTAINERS_STORAGE_CONF": os.path.join(folder, "storage.conf"),
        "REGISTRY_AUTH_FILE": os.path.join(folder, "auth.json"),
    }


def _write(path, text):
    with open(path, "w", encoding="utf-8") as sink:
        sink.write(text)


class Client:
    """One program with a store and a login file of its own."""

    program = ""
    options = ()

    def __init__(self, work, registry):
        self.work = work
        self.registry = registry
        self.folder = work.fresh(self.program)
        self.auth = os.path.join(self.folder, "auth.json")
        self.env = client_env(work, self.folder, registry)

    def run(self, *words, fails=False, stdin=b""):
        options = [option.format(folder=self.folder)
                   for option in self.options]
        return run([tool(self.program), *options, *words], self.env, fails,
                   stdin)

    def login(self, password=None, fails=False):
        secret = self.registry.password if password is None else password
        return self.run("login", "--tls-verify=false", "-u",
                        self.registry.user, "--password-stdin",
                        self.registry.address, fails=fails,
                        stdin=secret.encode())

    def digest_file(self):
        return os.path.join(self.work.fresh("digest"), "digest")


class Engine(Client):
    """What podman and buildah have in common."""

    options = ("--root", "{folder}/root", "--runroot", "{folder}/run",
               "--storage-driver", "overlay")

    def push(self, image, name, *options, verb=("push",)):
        """Pushes; gives back the digest that the client wrote down."""
        path = self.digest_file()
        self.run(*verb, "--tls-verify=false", "--digestfile", path, *options,
                 image, "docker://" + self.registry.reference(name))
        with open(path, encoding="ascii") as source:
            return source.read().strip()

    def pull(self, name, *options, fails=False):
        return self.run("pull", "-q", "--tls-verify=false", *options,
                        self.registry.reference(name), fails=fails)

    def forget_all(self):
        self.run("rmi", "-a", "-f")
        assert self.run("images", "-a", "-q").out == ""


class Podman(Engine):
    program = "podman"
    options = Engine.options + ("--cgroup-manager=cgroupfs", "--runtime",
                                "runc")

    def inspect(self, reference):
        return json.loads(self.run("image", "inspect", reference).out)[0]

    def mount(self, reference):
        """The image's file system, for as long as the workspace lives."""
        return self.run("image", "mount", reference).out.strip()


class Buildah(Engine):
    program = "buildah"

    def commit(self, files, *options, platform="linux/amd64"):
        """An image of the given files in OCI form; its id."""
        tree = self.work.fresh("tree")
        for path, data in files.items():
            full = os.path.join(tree, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as sink:
                sink.write(data)
        made = self.run("from", "--platform", platform, "scratch").out.strip()
        system, machine, *variant = platform.split("/")
        self.run("config", "--os", system, "--arch", machine,
                 *(["--variant", variant[0]] if variant else []), made)
        self.run("copy", made, tree, "/")
        image = self.run("commit", "-q", "--format", "oci", "--rm", *options,
                         made).out.strip()
        return image

    def mounted(self, reference):
        """The file system of a pulled image."""
        made = self.run("from", "--pull-never", reference).out.strip()
        return self.run("mount", made).out.strip()


class Skopeo(Client):
    program = "skopeo"

    def copy(self, source, target, *options, fails=False):
        """Copies; credentials and plain HTTP go to the registry's side."""
        words = ["copy"]
        for side, place in (("src", source), ("dest", target)):
            if place.startswith("docker://"):
                words += [f"--{side}-tls-verify=false", f"--{side}-creds",
                          self.registry.credentials]
        return self.run(*words, *options, source, target, fails=fails)

    def ask(self, verb, *words, fails=False):
        """A verb on one registry: inspect, list-tags, delete."""
        return self.run(verb, "--tls-verify=false", "--creds",
                        self.registry.credentials, *words, fails=fails)

    def at(self, name):
        """The registry's side of a copy."""
        return "docker://" + self.registry.reference(name)
