# SPDX-License-Identifier: Apache-2.0
"""A line between a client and the registry that can be made slow."""

import socket
import threading
import time

PIECE = 65536
PAUSE_S = 0.5


class SlowLine:
    """Passes everything on.  The first request that begins with `held` takes
    at least so many seconds to send its body, which comes byte by byte."""

    def __init__(self, address, held, seconds):
        host, port = address.rsplit(":", 1)
        self.target = host, int(port)
        self.held = held
        self.seconds = seconds
        self.was_held = False
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self.threads = []
        self._run(self._accept)

    def _run(self, work, *words):
        thread = threading.Thread(target=work, args=words, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            self.sockets += [near, far]
            self._run(self._pass_on, near, far, True)
            self._run(self._pass_on, far, near, False)

    def _pass_on(self, source, sink, may_hold):
        try:
            while True:
                data = source.recv(PIECE)
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                if may_hold and data.startswith(self.held):
                    data = self._hold(data, source, sink)
                sink.sendall(data)
        except OSError:
            pass

    def _hold(self, data, source, sink):
        """Sends the head, and a body as slowly as was said; the rest."""
        with self.lock:
            if self.was_held:
                return data
            self.was_held = True
        end = data.index(b"\r\n\r\n") + 4
        sink.sendall(data[:end])
        limit = time.monotonic() + self.seconds
        while time.monotonic() < limit:
            if end == len(data):
                data, end = source.recv(PIECE), 0
                if not data:
                    break
            sink.sendall(data[end:end + 1])
            end += 1
            time.sleep(PAUSE_S)
        return data[end:]

    def close(self):
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        for thread in self.threads:
            thread.join(10)
