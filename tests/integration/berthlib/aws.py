# SPDX-License-Identifier: Apache-2.0
"""The real aws command line, and requests signed by botocore."""
import datetime
import hashlib
import json
import os
import subprocess
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

TIMEOUT_S = 60
REGION = "eu-central-1"
KEY = "AKIAADMINADMINADMIN0"
SECRET = "an-administrator's-secret/of+40-bytes=="
ADMIN = {"BERTH_ADMIN_ACCESS_KEY_ID": KEY,
         "BERTH_ADMIN_SECRET_ACCESS_KEY": SECRET}
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Denied(Exception):
    """The command failed; .code is the error that AWS's clients know."""

    def __init__(self, text):
        super().__init__(text)
        self.code = text.partition("An error occurred (")[2].partition(")")[0]


class Aws:
    """The aws command with one set of credentials, or none."""

    def __init__(self, server, key=KEY, secret=SECRET, token=None):
        scheme = "https" if server.authority else "http"
        self.server = server
        self.url = "%s://%s:%d" % ((scheme,) + tuple(server.address))
        self.key, self.secret, self.token = key, secret, token

    @classmethod
    def of(cls, server, credentials):
        """With what AssumeRole and the like give out."""
        return cls(server, credentials["AccessKeyId"],
                   credentials["SecretAccessKey"],
                   credentials["SessionToken"])

    def env(self, **more):
        out = {name: value for name, value in os.environ.items()
               if not name.startswith("AWS_")}
        out.update(AWS_DEFAULT_REGION=REGION, AWS_PAGER="",
                   AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="1",
                   AWS_CONFIG_FILE="/nonexistent",
                   AWS_SHARED_CREDENTIALS_FILE="/nonexistent")
        if self.key:
            out.update(AWS_ACCESS_KEY_ID=self.key,
                       AWS_SECRET_ACCESS_KEY=self.secret)
        if self.token:
            out["AWS_SESSION_TOKEN"] = self.token
        if self.server.authority:
            out["AWS_CA_BUNDLE"] = self.server.authority.pair.certificate
        out.update(more)
        return out

    def run(self, *words, before=(), env=None):
        return subprocess.run(
            [*before, "aws", "--endpoint-url", self.url, "--output", "json",
             *map(str, words)], env=env or self.env(), capture_output=True,
            stdin=subprocess.DEVNULL, timeout=TIMEOUT_S)

    def __call__(self, *words, **more):
        """What a call that must end well says."""
        done = self.run(*words, **more)
        if done.returncode != 0:
            raise Denied(done.stderr.decode())
        return json.loads(done.stdout)

    def fails(self, code, *words, **more):
        """The text of a call that must fail with that error."""
        try:
            said = self(*words, **more)
        except Denied as denied:
            assert denied.code == code, str(denied)
            return str(denied)
        raise AssertionError("%s did not fail but said %s" % (words, said))

    def identity(self):
        return self("sts", "get-caller-identity")["Arn"]


def form(**fields):
    """The body of a Query request."""
    return urllib.parse.urlencode(
        dict({"Version": "2011-06-15"}, **fields)).encode()


def sign(server, body, headers=None, method="POST", path="/", at=None,
         key=KEY, secret=SECRET, token=None, service="sts"):
    """The header fields of a request that botocore signs, as (name, value)s;
    at moves its clock by seconds."""
    headers = dict(headers or {"Content-Type": FORM})
    headers["Host"] = "%s:%d" % tuple(server.address)
    request = botocore.awsrequest.AWSRequest(
        method=method, url="http://%s%s" % (headers["Host"], path), data=body,
        headers=headers)
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(key, secret, token), service, REGION)
    if at is None:
        signer.add_auth(request)
    else:
        _sign_at(signer, request, at)
    return [(name, value) for name, value in request.headers.items()
            if name.lower() != "host"]


def _sign_at(signer, request, seconds):
    """What add_auth does, at another time."""
    now = datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)
    request.context["timestamp"] = now.strftime(botocore.auth.SIGV4_TIMESTAMP)
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    signer._inject_signature_to_request(
        request, signer.signature(text, request))


def sha256(body):
    return hashlib.sha256(body).hexdigest()
