# SPDX-License-Identifier: Apache-2.0
"""Certificates made by openssl, and the address of a server that speaks TLS."""
import os
import ssl
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def openssl(*words, cwd=None):
    done = subprocess.run(["openssl", *words], cwd=cwd, capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Address(tuple):
    """(host, port), and the context in which it is to be spoken to."""

    tls = None

    @classmethod
    def of(cls, host, port, tls=None):
        made = cls((host, port))
        made.tls = tls
        return made


class Pair:
    """A certificate and its key, as files."""

    def __init__(self, folder, name):
        self.certificate = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")

    def options(self):
        return ["tls.certificate=" + self.certificate, "tls.key=" + self.key]


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder, name="authority"):
        self.folder = str(folder)
        self.name = name
        self.pair = Pair(self.folder, name)
        openssl("req", "-x509", *CURVE, "-nodes", "-days", "30", "-subj",
                "/CN=" + name, "-keyout", self.pair.key, "-out",
                self.pair.certificate)

    def issue(self, name, names, purpose="serverAuth", days=30, key=CURVE):
        """names: "DNS:localhost,IP:127.0.0.1"; days below 0: expired."""
        pair = Pair(self.folder, name)
        request = os.path.join(self.folder, name + ".csr")
        database = os.path.join(self.folder, name + ".db")
        openssl("req", "-new", *key, "-nodes", "-subj", "/CN=" + name,
                "-keyout", pair.key, "-out", request)
        with open(database, "w", encoding="ascii"):
            pass
        config = os.path.join(self.folder, name + ".cnf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG % {"database": database, "names": names,
                                 "folder": self.folder, "purpose": purpose})
        end = "20200102000000Z" if days < 0 else "20991231000000Z"
        openssl("ca", "-batch", "-notext", "-config", config, "-in", request,
                "-cert", self.pair.certificate, "-keyfile", self.pair.key,
                "-startdate", "20200101000000Z", "-enddate", end, "-out",
                pair.certificate)
        os.chmod(pair.key, 0o600)
        return pair

    def context(self, pair=None):
        """What a client trusts and, with a pair, shows."""
        context = ssl.create_default_context(cafile=self.pair.certificate)
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        return context


CONFIG = """[ca]
default_ca = here
[here]
database = %(database)s
new_certs_dir = %(folder)s
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = more
unique_subject = no
[any]
commonName = supplied
[more]
basicConstraints = CA:FALSE
extendedKeyUsage = %(purpose)s
subjectAltName = %(names)s
"""
