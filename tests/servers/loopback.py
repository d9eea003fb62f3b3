"""A small HTTP server on this machine, in a thread of the test."""

import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its method and path, its query and form as single values, and its headers."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; a body that is not bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Site(Protocol):
    """What answers requests, and counts them by path."""

    url: str
    seen: Counter[str]

    def answer(self, asked: Asked) -> Said:
        """Answer one request."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    site: Site


class _Answering(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self._answer(self.rfile.read(length).decode())

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""

    def _answer(self, body: str) -> None:
        parts = urlsplit(self.path)
        asked = Asked(
            self.command, parts.path, _single(parts.query), _single(body), dict(self.headers)
        )
        self.server.site.seen[parts.path] += 1
        said = self.server.site.answer(asked)
        data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(site: Site, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Serve a site on a free port of 127.0.0.1; its `url` is filled in."""
    server = _Server(("127.0.0.1", 0), _Answering)
    server.site = site
    site.url = f"http://127.0.0.1:{server.server_port}"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        site.url = site.url.replace("http", "https", 1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _single(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, True).items()}
