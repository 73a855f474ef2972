# SPDX-License-Identifier: Apache-2.0
"""A small OpenID Connect issuer over HTTPS, which may be a hostile one."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import (
    ec, ed25519, padding, rsa, utils)

from . import tls

CONFIGURATION = "/.well-known/openid-configuration"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    size = size or (value.bit_length() + 7) // 8
    return base64url(value.to_bytes(size, "big"))


class Key:
    """A key pair by one of the algorithms of tokens."""

    def __init__(self, kid, algorithm="ES256"):
        self.kid, self.algorithm = kid, algorithm
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "ES384":
            self.private = ec.generate_private_key(ec.SECP384R1())
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        out = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        public = self.private.public_key()
        if self.algorithm == "EdDSA":
            raw = public.public_bytes(serialization.Encoding.Raw,
                                      serialization.PublicFormat.Raw)
            return dict(out, kty="OKP", crv="Ed25519", x=base64url(raw))
        numbers = public.public_numbers()
        if self.algorithm.startswith("ES"):
            size = 32 if self.algorithm == "ES256" else 48
            return dict(out, kty="EC", crv="P-" + self.algorithm[2:],
                        x=number(numbers.x, size), y=number(numbers.y, size))
        return dict(out, kty="RSA", n=number(numbers.n), e=number(numbers.e))

    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        if self.algorithm == "EdDSA":
            return self.private.sign(data)
        if self.algorithm.startswith("ES"):
            size, kind = ((32, hashes.SHA256()) if self.algorithm == "ES256"
                          else (48, hashes.SHA384()))
            pair = utils.decode_dss_signature(
                self.private.sign(data, ec.ECDSA(kind)))
            return b"".join(part.to_bytes(size, "big") for part in pair)
        kind = hashes.SHA256()
        if self.algorithm == "PS256":
            return self.private.sign(data, padding.PSS(
                padding.MGF1(kind), kind.digest_size), kind)
        return self.private.sign(data, padding.PKCS1v15(), kind)


def token(claims, key=None, head=None, signature=None):
    """A token with any head and any signature."""
    head = head or {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
    parts = [base64url(json.dumps(part).encode()) for part in (head, claims)]
    signed = ".".join(parts).encode()
    if signature is None:
        signature = key.sign(signed)
    elif callable(signature):
        signature = signature(signed)
    return signed.decode() + "." + base64url(signature)


def by_secret(secret):
    """HS256, for callers who hope that a public key is taken for one."""
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


class Issuer:
    """Serves its configuration and its keys; tests change what it says."""

    def __init__(self, folder, path=""):
        self.authority = tls.Authority(folder, "issuer-ca")
        pair = self.authority.issue("issuer", "IP:127.0.0.1,DNS:localhost")
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.answer(self)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        context = tls.ssl.SSLContext(tls.ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.http.socket = context.wrap_socket(
            self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.path = path
        self.host = "127.0.0.1:%d%s" % (self.http.server_address[1], path)
        self.url = "https://" + self.host
        self.keys = [Key("first")]
        self.asked = []
        self.says = {}
        self.hold = threading.Event()
        self.hold.set()
        self.thread = threading.Thread(target=self.http.serve_forever,
                                       kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.hold.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def row(self, **more):
        """What the admin API is told of it."""
        return dict({"url": self.url, "audiences": ["berth"],
                     "ca_file": self.authority.pair.certificate,
                     "private_addresses": True}, **more)

    def document(self, path):
        if path == self.path + CONFIGURATION:
            return {"issuer": self.url, "jwks_uri": self.url + "/keys"}
        if path == self.path + "/keys":
            return {"keys": [key.jwk() for key in self.keys]}
        return None

    def answer(self, handler):
        """says[path] is a (status, headers, body) to say instead."""
        self.asked.append(handler.path)
        self.hold.wait(30)
        document = self.document(handler.path)
        status, headers, body = self.says.get(handler.path) or (
            200 if document else 404, {}, json.dumps(document).encode())
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            pass

    def claims(self, **more):
        now = int(time.time())
        out = dict({"iss": self.url, "sub": "repo:team/app:main",
                    "aud": "berth", "iat": now, "nbf": now, "exp": now + 300},
                   **more)
        return {name: value for name, value in out.items()
                if value is not None}

    def token(self, **more):
        return token(self.claims(**more), self.keys[0])


class IssuerProcess:
    """An issuer that is a program of its own: nothing but its row, its tokens
    and its word to rotate its keys passes between it and the tests."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "berthlib.issuer", str(folder)],
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.url, self.host = self.about["url"], self.about["host"]

    def _ask(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def row(self):
        return self.about["row"]

    def token(self):
        return self._ask("token")

    def rotate(self):
        """Sign with the key that was published beside the old one."""
        return self._ask("rotate")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def serve(folder):
    issuer = Issuer(folder)
    issuer.keys.append(Key("next"))
    print(json.dumps({"url": issuer.url, "host": issuer.host,
                      "row": issuer.row()}), flush=True)
    for count, line in enumerate(sys.stdin):
        if line.strip() == "rotate":
            issuer.keys = [issuer.keys[1], Key("key-%d" % count)]
            print(issuer.keys[0].kid, flush=True)
        else:
            print(issuer.token(), flush=True)
    issuer.close()


if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]))
