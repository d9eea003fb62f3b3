"""A TCP proxy that cuts connections at a word of the client, holds them still, or counts turns."""

import socket
import threading
from contextlib import suppress

CHUNK = 2**16


class CuttingProxy:
    """Forward to a loopback port; cut the first connection on which `cut_at` is said.

    With `deliver`, what was said reaches the server and its answer is lost; without, it is lost.
    Instead of a lost answer the client is given `last_words`, as by a pooler that lost the server.
    With `always`, every connection on which it is said is cut. While `flowing` is not set, nothing
    that clients say is passed on. `turns` counts how often a client spoke after an answer.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cut_at: bytes | None = None
        self.deliver = False
        self.last_words = b""
        self.always = False
        self.cuts = 0
        self.turns = 0
        self.flowing = threading.Event()
        self.flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._forward(self._listener.accept()[0])

    def _forward(self, client: socket.socket) -> None:
        try:
            Wire(self, client, self._target)
        except ConnectionRefusedError:
            client.close()


class Wire:
    """One connection through the proxy."""

    def __init__(self, proxy: CuttingProxy, client: socket.socket, target: int) -> None:
        self._proxy = proxy
        self._client = client
        self._server = socket.create_connection(("127.0.0.1", target))
        self._deaf = False
        self._answered = True
        for work in (self._forward, self._answer):
            threading.Thread(target=work, daemon=True).start()

    def _forward(self) -> None:
        with suppress(OSError):
            while data := self._client.recv(CHUNK):
                self._proxy.flowing.wait()
                self._proxy.turns += self._answered
                self._answered = False
                if self._proxy.cut_at and self._proxy.cut_at in data:
                    if not self._proxy.always:
                        self._proxy.cut_at = None
                    self._proxy.cuts += 1
                    self._deaf = True
                    if not self._proxy.deliver:
                        break
                self._server.sendall(data)
        self._close()

    def _answer(self) -> None:
        with suppress(OSError):
            while (data := self._server.recv(CHUNK)) and not self._deaf:
                self._answered = True
                self._client.sendall(data)
            if self._deaf:
                self._client.sendall(self._proxy.last_words)
        self._close()

    def _close(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
