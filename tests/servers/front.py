"""A gate before a storage server: it admits a request, changed or not, or answers itself."""

import http.client
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """A request; the path is as it came, still encoded, and header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def values(self) -> dict[str, str]:
        """The query, by name."""
        return dict(self.query)

    @property
    def target(self) -> str:
        """Path and query, encoded."""
        query = urlencode(self.query, quote_via=quote, safe="")
        return f"{self.path}?{query}" if query else self.path

    def without(self, *names: str, **headers: str) -> "Request":
        """Take parameters out of the query, and set headers."""
        kept = tuple(pair for pair in self.query if pair[0] not in names)
        return replace(self, query=kept, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the gate, or of the server behind it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate(Protocol):
    """Decides on requests."""

    def admit(self, request: Request) -> Request | Answer:
        """Let a request pass, or answer it."""

    def passed(self, request: Request, answer: Answer) -> Answer:
        """See what the server answered, and change it if need be."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the server is; with a context it speaks TLS."""

    port: int
    tls: ssl.SSLContext | None = None

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=SECONDS, context=self.tls
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gate: Gate
    upstream: Upstream


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            path,
            tuple(parse_qsl(query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self._reply(self._decided(request))

    def _decided(self, request: Request) -> Answer:
        admitted = self.server.gate.admit(request)
        if isinstance(admitted, Answer):
            return admitted
        return self.server.gate.passed(admitted, _forwarded(self.server.upstream, admitted))

    def _reply(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", self._length(answer))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _length(self, answer: Answer) -> str:
        told = {name.lower(): value for name, value in answer.headers.items()}
        length = str(len(answer.body))
        return told.get("content-length", length) if self.command == "HEAD" else length


def _forwarded(upstream: Upstream, request: Request) -> Answer:
    connection = upstream.connect()
    try:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        # Also an empty body has a length.
        headers["content-length"] = str(len(request.body))
        connection.request(request.method, request.target, request.body, headers)
        found = connection.getresponse()
        return Answer(found.status, found.read(), dict(found.getheaders()))
    finally:
        connection.close()


@contextmanager
def fronting(gate: Gate, upstream: Upstream, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Put a gate before a server, on a free port, which is given."""
    server = _Server(("127.0.0.1", 0), _Passing)
    server.gate, server.upstream = gate, upstream
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
