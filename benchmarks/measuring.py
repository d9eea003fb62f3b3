"""One case on one server: what it answers, how often, and what that costs."""

import pickle
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.farm import Farm, Request
from benchmarks.servers import Server, cpu_seconds

WARM_UP = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second; CPU microseconds per request of the server and of the database."""

    rate: float
    cpu: float
    database: float


def can(product: Server, request: Request, directory: Path) -> int:
    """Keep Pangolin's answer to a request for the bare application; return its size in bytes."""
    connection = HTTPConnection("127.0.0.1", product.port)
    connection.request(*_parts(request))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status >= 400:
        raise SystemExit(f"{request}: {answer.status} {body!r:.500}")
    hidden = ("server", "date", "connection", "transfer-encoding")
    headers = [pair for pair in answer.getheaders() if pair[0].lower() not in hidden]
    canned = (f"{answer.status} {answer.reason}", headers, body)
    (directory / request.case).write_bytes(pickle.dumps(canned))
    connection.close()
    return len(body)


def _parts(request: Request) -> tuple[str, str, bytes | None, dict[str, str]]:
    head, _, body = request.maker(0, 0)().partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    skipped = ("Host", "Content-Length")
    pairs = dict(line.split(": ", 1) for line in lines)
    return method, path, body or None, {k: v for k, v in pairs.items() if k not in skipped}


def measure(
    farm: Farm, server: Server, request: Request, seconds: float, database: int | None
) -> Measured:
    """Run one round; raise `SystemExit` if anything but success is answered."""
    farm.run(server.port, request, WARM_UP)
    before, began = _spent(server, database), time.monotonic()
    statuses = farm.run(server.port, request, seconds)
    elapsed = time.monotonic() - began
    if any(status >= 400 for status in statuses):
        raise SystemExit(f"{request}: {statuses}")
    count = sum(statuses.values())
    own, other = (b - a for a, b in zip(before, _spent(server, database), strict=True))
    return Measured(count / elapsed, own / count * 1e6, other / count * 1e6)


def _spent(server: Server, database: int | None) -> tuple[float, float]:
    return server.cpu_seconds(), 0.0 if database is None else cpu_seconds(database)


def median(rounds: Sequence[Measured]) -> Measured:
    """Return the median rate and the median costs."""
    return Measured(
        *(
            statistics.median(getattr(each, name) for each in rounds)
            for name in ("rate", "cpu", "database")
        )
    )
