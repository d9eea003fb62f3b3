"""Run the benchmarks; see the package's docstring."""

import argparse
import json
import pickle
import statistics
import tempfile
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import benchmarks
from benchmarks import servers, world
from benchmarks.cases import BRANCHED, Case, cases
from benchmarks.farm import CONNECTIONS, Farm, Request

WARM_UP = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second, and CPU microseconds of the server per request."""

    rate: float
    cpu: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=benchmarks.__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=4, help="client processes")
    parser.add_argument("--workers", type=int, default=2, help="gunicorn workers")
    parser.add_argument("--threads", type=int, default=8, help="threads per worker")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pangolin-bench-") as directory:
        run(given, Path(directory))


def run(given: argparse.Namespace, directory: Path) -> None:
    """Fill a data directory, start the servers and measure every case."""
    ports = [servers.free_port() for _ in range(3)]
    settings = world.settings_of(directory, ports[0], given.workers, given.threads)
    began = time.monotonic()
    world.fill(settings, given.clients * CONNECTIONS, BRANCHED)
    print(f"set up in {time.monotonic() - began:.1f} s")
    environ = world.environ_of(settings)
    cold = environ | {"PANGOLIN_METADATA_CACHE_BYTES": "0"}
    shape = (str(given.workers), str(given.threads), str(directory))
    with (
        servers.running(directory, environ, ports[0], *serve(ports[0])) as warm_server,
        servers.running(directory, cold, ports[1], *serve(ports[1])) as cold_server,
        servers.running(
            directory, {}, ports[2], "benchmarks.bare", str(ports[2]), *shape
        ) as bare_server,
    ):
        farm = Farm(given.clients)
        print(HEAD)
        for case in cases(log_in(ports[0])):
            if given.only in case.name:
                product = cold_server if case.is_cold else warm_server
                compare(farm, case, product, bare_server, given, directory)
        farm.close()


HEAD = (
    "| case | answer | req/s | bare req/s | CPU µs/req | bare CPU µs/req | CPU ratio |\n"
    "|---|--:|--:|--:|--:|--:|--:|"
)


def serve(port: int) -> tuple[str, ...]:
    """Give the command line of the product."""
    return ("pangolin.cli", "serve", "--port", str(port))


def log_in(port: int) -> str:
    """Open a session; give the header line that names it."""
    connection = HTTPConnection("127.0.0.1", port)
    body = json.dumps({"username": "root", "password": "benchmark"})
    connection.request("POST", "/api/v1/users/login", body, {"Content-Type": "application/json"})
    token = json.loads(connection.getresponse().read())["token"]
    connection.close()
    return f"Authorization: Bearer {token}"


def compare(
    farm: Farm,
    case: Case,
    product: servers.Server,
    bare: servers.Server,
    given: argparse.Namespace,
    directory: Path,
) -> None:
    """Measure one case on both servers in turn and print a line."""
    size = can(product, case.request, directory)
    own, other = [], []
    for _ in range(given.rounds):
        own.append(measure(farm, product, case.request, given.seconds))
        other.append(measure(farm, bare, case.request, given.seconds))
    a, b = median(own), median(other)
    cells = (case.name, f"{size:,} B", f"{a.rate:,.0f}", f"{b.rate:,.0f}")
    costs = (f"{a.cpu:,.0f}", f"{b.cpu:,.0f}", f"{a.cpu / b.cpu:.1f}")
    print(f"| {' | '.join((*cells, *costs))} |", flush=True)


def can(product: servers.Server, request: Request, directory: Path) -> int:
    """Keep Pangolin's answer to a request for the bare application; give its size in bytes."""
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


def measure(farm: Farm, server: servers.Server, request: Request, seconds: float) -> Measured:
    """Run one round; raise `SystemExit` if anything but success is answered."""
    farm.run(server.port, request, WARM_UP)
    before, began = server.cpu_seconds(), time.monotonic()
    statuses = farm.run(server.port, request, seconds)
    elapsed, spent = time.monotonic() - began, server.cpu_seconds() - before
    if any(status >= 400 for status in statuses):
        raise SystemExit(f"{request}: {statuses}")
    count = sum(statuses.values())
    return Measured(count / elapsed, spent / count * 1e6)


def median(rounds: list[Measured]) -> Measured:
    """Give the median rate and the median cost."""
    rates, costs = [each.rate for each in rounds], [each.cpu for each in rounds]
    return Measured(statistics.median(rates), statistics.median(costs))


if __name__ == "__main__":
    main()
