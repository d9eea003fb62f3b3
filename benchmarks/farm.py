"""A farm of processes that send requests as fast as they are answered."""

import itertools
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

CONNECTIONS = 4
# A database server that only speaks a protocol may need long for what sixteen clients ask at once.
PATIENCE = 600.0
HEADERS = (
    "Host: 127.0.0.1",
    "User-Agent: Apache-HttpClient/5.4 (Java/17)",
    "Accept: application/json",
    "Accept-Encoding: identity",
    "X-Client-Version: Apache Iceberg 1.10.1",
    "X-Iceberg-Access-Delegation: vended-credentials",
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `{n}` in path and body is replaced by a number never used before.

    `{client}` is replaced by the number of the sending connection.
    """

    case: str
    method: str
    path: str
    body: str = ""
    headers: tuple[str, ...] = field(default=(), repr=False)

    def maker(self, client: int, start: int) -> Callable[[], bytes]:
        """Return a function that builds the next request's bytes."""
        if "{n}" not in self.path + self.body:
            fixed = self._build(client, "0")
            return lambda: fixed
        numbers = itertools.count(start)
        return lambda: self._build(client, f"{client}x{next(numbers)}")

    def _build(self, client: int, number: str) -> bytes:
        body = self.body.replace("{n}", number).replace("{client}", str(client)).encode()
        path = self.path.replace("{n}", number).replace("{client}", str(client))
        own = {header.partition(":")[0] for header in self.headers}
        usual = (header for header in HEADERS if header.partition(":")[0] not in own)
        lines = [f"{self.method} {path} HTTP/1.1", *usual, *self.headers, f"X-Case: {self.case}"]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Wire:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(2**16)

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes, int]:
        """Read an answer; return its status, its head and the length of its body."""
        view = memoryview(self._buffer)
        got = self._socket.recv_into(view)
        while (end := self._buffer.find(b"\r\n\r\n", 0, got)) < 0:
            more = self._socket.recv_into(view[got:])
            if not more:
                raise ConnectionError("the server closed the connection")
            got += more
        head = bytes(view[:end])
        status, length = int(head[9:12]), _length(head)
        left = length - (got - end - 4)
        while left > 0:
            left -= self._socket.recv_into(view[: min(left, len(view))])
        return status, head, length

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    return int(head[at + 17 :].partition(b"\r\n")[0])


def _work(port: int, request: Request, client: int, start: int, seconds: float) -> Counter[int]:
    wires = [Wire(port) for _ in range(CONNECTIONS)]
    first, statuses = client * CONNECTIONS, Counter[int]()
    makers = [request.maker(first + number, start) for number in range(CONNECTIONS)]
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        for wire, make in zip(wires, makers, strict=True):
            wire.send(make())
        for wire in wires:
            statuses[wire.receive()[0]] += 1
    for wire in wires:
        wire.close()
    return statuses


class Farm:
    """Client processes, started once."""

    def __init__(self, clients: int) -> None:
        self.clients = clients
        self._pool = ProcessPoolExecutor(clients, mp_context=get_context("spawn"))
        self._start = 0

    def run(self, port: int, request: Request, seconds: float) -> Counter[int]:
        """Send for some seconds; return the answers by status."""
        self._start += 10_000_000
        jobs = [
            self._pool.submit(_work, port, request, client, self._start, seconds)
            for client in range(self.clients)
        ]
        total = Counter[int]()
        for job in jobs:
            total += job.result()
        return total

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown()
