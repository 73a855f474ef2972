# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as bytes on a socket.

The library clients repair, normalise and hide; these tests need to send what
no decent client sends and to see every header that came back, so this is a
small client of its own.  Nothing here follows redirects or decodes bodies.
"""
import base64
import json
import select
import socket
import ssl

TIMEOUT = 20
SHOWN = 1500


class WireError(AssertionError):
    """The peer closed, stalled or answered something that is not HTTP."""


def readable(sock):
    """poll(), since select() knows no more than 1024 descriptors."""
    ready = select.poll()
    ready.register(sock, select.POLLIN)
    return bool(ready.poll(0))


def _show(data):
    text = data[:SHOWN].decode("latin-1")
    if len(data) > SHOWN:
        text += "... (%d bytes)" % len(data)
    return text


class Reply:
    """One final response: status, headers in order, body, and what asked."""

    def __init__(self, asked, head, interim):
        lines = head.split(b"\r\n")
        parts = lines[0].decode("latin-1").split(" ", 2)
        if len(parts) < 2 or not parts[0].startswith("HTTP/1."):
            raise WireError("not a status line: %r\n%s" % (lines[0], asked))
        self.version = parts[0]
        self.status = int(parts[1])
        self.headers = []
        for line in lines[1:]:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or name != name.strip():
                raise WireError("bad header line %r\n%s" % (line, asked))
            self.headers.append((name, value.strip()))
        self.interim = interim
        self.asked = asked
        self.body = b""

    def all(self, name):
        """Every value of a header, in order."""
        low = name.lower()
        return [v for n, v in self.headers if n.lower() == low]

    def get(self, name, default=None):
        """The one value of a header; two of one name are a failure."""
        values = self.all(name)
        assert len(values) <= 1, "%s sent twice\n%s" % (name, self)
        return values[0] if values else default

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise WireError("%s\n%s" % (error, self)) from error

    def expect(self, *statuses):
        """Fail, showing both sides, unless the status is one of these."""
        assert self.status in statuses, "expected %s, got %d\n%s" % (
            " or ".join(map(str, statuses)), self.status, self)
        return self

    def error(self, status, *codes):
        """Expect an OCI error document with one of the codes."""
        statuses = status if isinstance(status, tuple) else (status,)
        self.expect(*statuses)
        if "HEAD" == self.asked.split(" ", 1)[0]:
            return self
        kind = self.get("Content-Type", "")
        assert kind.split(";")[0] == "application/json", str(self)
        errors = self.json()["errors"]
        assert isinstance(errors, list) and errors, str(self)
        for entry in errors:
            assert set(entry) <= {"code", "message", "detail"}, str(self)
        assert errors[0]["code"] in codes, "expected %s\n%s" % (codes, self)
        return self

    def __str__(self):
        head = "\n".join("%s: %s" % pair for pair in self.headers)
        return "--- request\n%s\n--- reply\n%s %d\n%s\n\n%s\n---" % (
            self.asked, self.version, self.status, head, _show(self.body))


class Connection:
    """A socket that speaks bytes out and parsed replies in."""

    def __init__(self, address, timeout=TIMEOUT):
        self.sock = socket.create_connection(address, timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = getattr(address, "tls", None)
        if context:
            self.sock = context.wrap_socket(
                self.sock, server_hostname=address[0],
                suppress_ragged_eofs=True)
        self.buffer = b""
        self.replies = 0

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        """Send all, or as much as the peer takes before it answers."""
        view = memoryview(data)
        while view:
            if self.readable():
                return False
            try:
                view = view[self.sock.send(view[:65536]):]
            except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                return False
        return True

    def readable(self):
        """Bytes of a reply, or its end, are there.  What TLS says to itself
        makes its socket readable, too."""
        if not isinstance(self.sock, ssl.SSLSocket):
            return readable(self.sock)
        if not self.sock.pending() and not readable(self.sock):
            return False
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            self._fill()
            return True
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        finally:
            self.sock.settimeout(timeout)

    def _fill(self):
        try:
            data = self.sock.recv(262144)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def _until(self, mark, asked):
        while mark not in self.buffer:
            try:
                more = self._fill()
            except socket.timeout as error:
                raise WireError("no reply in time\n" + asked) from error
            if not more:
                raise WireError("closed after %r\n%s" % (
                    self.buffer[:200], asked))
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def _exactly(self, count, asked):
        # Parts are joined once: a body of many MiB must not cost quadratic
        # copying.
        parts, have = [self.buffer], len(self.buffer)
        self.buffer = b""
        while have < count:
            if not self._fill():
                raise WireError("body cut at %d of %d\n%s" % (
                    have, count, asked))
            parts.append(self.buffer)
            have += len(self.buffer)
            self.buffer = b""
        data = b"".join(parts)
        self.buffer = data[count:]
        return data[:count]

    def _chunked(self, asked):
        body = b""
        while True:
            size = int(self._until(b"\r\n", asked).split(b";")[0], 16)
            if size == 0:
                while self._until(b"\r\n", asked):
                    pass
                return body
            body += self._exactly(size, asked)
            assert self._exactly(2, asked) == b"\r\n", asked

    def _to_end(self):
        while self._fill():
            pass
        body, self.buffer = self.buffer, b""
        return body

    def reply(self, method="GET", asked=""):
        """Read one reply; interim (1xx) ones are kept in reply.interim."""
        interim = []
        while True:
            head = self._until(b"\r\n\r\n", asked)
            got = Reply(asked or method, head, interim)
            if got.status >= 200:
                break
            interim.append(got.status)
        self.replies += 1
        if method == "HEAD" or got.status in (204, 304):
            return got
        if got.get("Transfer-Encoding", "").lower() == "chunked":
            got.body = self._chunked(asked)
        elif got.get("Content-Length") is not None:
            got.body = self._exactly(int(got.get("Content-Length")), asked)
        else:
            got.body = self._to_end()
        return got

    def closed(self, timeout=TIMEOUT):
        """True when the peer closes within the time and sends no more."""
        self.sock.settimeout(timeout)
        try:
            return not self._fill()
        except socket.timeout:
            return False


def chunk(data, size=None):
    """A body in chunked transfer coding."""
    size = size or max(len(data), 1)
    out = b""
    for at in range(0, len(data), size):
        piece = data[at:at + size]
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
    return out + b"0\r\n\r\n"


class Client:
    """Requests with credentials on one kept-alive connection."""

    def __init__(self, address, user=None, password=None):
        self.address = address
        self.user = user
        self.password = password
        self.conn = None

    def clone(self, **change):
        """Another client, of its own connection, for another thread."""
        fresh = Client(self.address, self.user, self.password)
        for key, value in change.items():
            setattr(fresh, key, value)
        return fresh

    def anonymous(self):
        return self.clone(user=None, password=None)

    def credentials(self):
        pair = ("%s:%s" % (self.user, self.password)).encode()
        return "Basic " + base64.b64encode(pair).decode()

    def close(self):
        if self.conn:
            self.conn.close()
            self.conn = None

    def head(self, method, target, headers=(), length=None):
        """The request head as bytes, for those who send it by hand."""
        lines = ["%s %s HTTP/1.1" % (method, target)]
        given = {name.lower() for name, _ in headers}
        if "host" not in given:
            lines.append("Host: %s:%d" % self.address)
        if self.user is not None and "authorization" not in given:
            lines.append("Authorization: " + self.credentials())
        if length is not None and not given & {
                "content-length", "transfer-encoding"}:
            lines.append("Content-Length: %d" % length)
        lines += ["%s: %s" % pair for pair in headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def request(self, method, target, body=None, headers=(), chunked=None):
        """Send one request, return its reply.

        headers is a dict or a list of pairs; chunked=N sends the body in
        chunked coding in pieces of N bytes.
        """
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        length = None
        wire = body or b""
        if chunked:
            pairs.append(("Transfer-Encoding", "chunked"))
            wire = chunk(wire, chunked)
        elif body is not None or method in ("POST", "PUT", "PATCH"):
            length = len(wire)
        head = self.head(method, target, pairs, length)
        asked = _show(head) + _show(wire[:300])
        if self.conn and self.conn.replies:
            # The server may close an idle connection at any moment; only
            # a close before the first byte of a reply may be tried again.
            if self.conn.readable():
                self.close()
        return self._once(method, head, wire, asked)

    def _once(self, method, head, wire, asked):
        if not self.conn:
            self.conn = Connection(self.address)
        conn = self.conn
        early = not conn.send(head) or not conn.send(wire)
        try:
            got = conn.reply(method, asked)
        except BaseException:
            self.close()
            raise
        if early or got.get("Connection", "").lower() == "close":
            self.close()
        return got

    def get(self, target, **headers_by_keyword):
        return self.request("GET", target, None,
                            headers_by_keyword.get("headers", ()))

    def raw(self, data, method="GET"):
        """Send bytes as they are on a connection of their own."""
        with Connection(self.address) as conn:
            conn.send(data)
            return conn.reply(method, _show(data))
