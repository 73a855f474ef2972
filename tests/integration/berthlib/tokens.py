# SPDX-License-Identifier: Apache-2.0
"""Docker's token protocol, from the client's side and from a forger's."""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import urllib.parse

from .tls import openssl
from .wire import Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PART = re.compile(r'(\w+)="([^"\\]*)"')


class Bearer(Client):
    """A client that shows a token with every request."""

    def __init__(self, address, token):
        super().__init__(address, "bearer")
        self.token = token

    def clone(self, **change):
        if "user" in change:
            return Client(self.address).clone(**change)
        return Bearer(self.address, self.token)

    def credentials(self):
        return "Bearer " + self.token


def challenge(reply):
    """(scheme, {parameter: value}) of the one challenge of a 401."""
    scheme, _, rest = reply.expect(401).get("WWW-Authenticate").partition(" ")
    parts = PART.findall(rest)
    assert len(parts) == len(dict(parts)), str(reply)
    left = PART.sub("", rest).replace(",", "").strip()
    assert not left, str(reply)
    return scheme, dict(parts)


def ask(client, *scopes, **more):
    """The reply of GET /token; every scope is a parameter of its own."""
    pairs = [("scope", scope) for scope in scopes]
    pairs += dict({"service": "berth"}, **more).items()
    return client.get("/token?" + urllib.parse.urlencode(
        [pair for pair in pairs if pair[1] is not None]))


def post(client, **fields):
    """The reply of POST /token; a field that is None is left out."""
    form = dict({"service": "berth", "client_id": "test"}, **fields)
    body = urllib.parse.urlencode(
        {name: value for name, value in form.items() if value is not None})
    return client.request("POST", "/token", body.encode(), FORM)


def token(client, *scopes):
    return ask(client, *scopes).expect(200).json()["token"]


def bearer(client, *scopes):
    """A client with a token for what another client's password is worth."""
    return Bearer(client.address, token(client, *scopes))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    assert re.fullmatch(r"[A-Za-z0-9_-]*", text), text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(text):
    """Head, claims and signature of a token."""
    head, claims, signature = text.split(".")
    return json.loads(decode(head)), json.loads(decode(claims)), \
        decode(signature)


def access(text):
    """{name: actions} of a token."""
    return {entry["name"]: entry["actions"]
            for entry in parts(text)[1]["access"]}


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return encode(data)


def hs256(head, claims, secret):
    """What a server that trusts the head would verify with a public key."""
    signed = part(head) + "." + part(claims)
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return signed + "." + encode(mac)


class Key:
    """A P-256 key of somebody else, made and used by openssl."""

    def __init__(self, folder):
        self.path = os.path.join(str(folder), "forger.key")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                self.path)

    def jwk(self):
        text = openssl("ec", "-in", self.path, "-pubout", "-text", "-noout")
        pub = text.split("pub:")[1].split("ASN1 OID")[0]
        point = bytes.fromhex(re.sub(r"[^0-9a-f]", "", pub))
        return {"kty": "EC", "crv": "P-256", "x": encode(point[1:33]),
                "y": encode(point[33:65])}

    def certificate(self):
        """An x5c member: a chain of one, signed by itself."""
        pem = openssl("req", "-x509", "-new", "-key", self.path, "-subj",
                      "/CN=forger", "-days", "1")
        return [pem.split("-----")[2].replace("\n", "")]

    def sign(self, head, claims):
        signed = part(head) + "." + part(claims)
        der = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.path],
            input=signed.encode(), capture_output=True, check=True,
            timeout=60).stdout
        return signed + "." + encode(_raw(der))


def _raw(der):
    """The two halves of a signature in DER, 32 bytes each."""
    halves, at = b"", 2
    for _ in range(2):
        size = der[at + 1]
        half = der[at + 2:at + 2 + size].lstrip(b"\0")
        halves += half.rjust(32, b"\0")
        at += 2 + size
    return halves
