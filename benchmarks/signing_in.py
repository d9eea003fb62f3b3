"""What it costs to know who asks: `python -m benchmarks.signing_in`.

It loads a table of 50 KB from two servers over one SQLite store, one of which serves without
authentication. Requests are sent in two spellings: one that the short way before Flask answers,
which a server without authentication does not have, and one that goes through Flask on both, so
that like is compared with like. Each round measures every credential in turn; shown are medians.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks import servers, world
from benchmarks.farm import Farm, Request
from benchmarks.measuring import Measured, measure, median
from benchmarks.servers import Server

PATH = f"/v1/{world.CATALOG}/namespaces/bench/tables/{world.table_name('50 KB')}"
# The mode in capitals is the same request, and no spelling that the short way knows.
WAYS = {"short way": PATH, "through Flask": f"{PATH}?snapshots=ALL"}
NOBODY = "no authentication"
HEAD = "| way | credential | req/s | CPU µs/req | × no authentication |\n|---|---|--:|--:|--:|"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    farm = Farm(clients=2)
    with tempfile.TemporaryDirectory(prefix="pangolin-bench-") as directory, ExitStack() as stack:
        closed, opened = started(stack, Path(directory))
        headers = credentials(closed.port)
        print(
            "| way | credential | req/s | CPU µs/req | × no authentication |\n|---|---|--:|--:|--:|"
        )
        for way, path in WAYS.items():
            show(way, compared(farm, given, path, headers, closed, opened))
    farm.close()


def started(stack: ExitStack, directory: Path) -> tuple[Server, Server]:
    """Fill a store and start the two servers."""
    settings = world.settings_of(directory, f"sqlite:///{directory / 'bench.db'}", 2, 8)
    world.fill(settings, 0, ())
    made = []
    for extra in ({}, {"PANGOLIN_NO_AUTH": "true"}):
        port = servers.free_port()
        metrics = directory / f"metrics-{port}"
        metrics.mkdir()
        environ = {**world.environ_of(settings), **extra, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
        program = ("pangolin.cli", "serve", "--port", str(port))
        made.append(stack.enter_context(servers.running(directory, environ, port, *program)))
    return made[0], made[1]


def credentials(port: int) -> dict[str, tuple[str, ...]]:
    """Make a service user with a grant on the catalog; return a header for each way to sign in."""
    root = _token(port, {"username": "root", "password": "benchmark"})
    catalog = _ask(port, "GET", f"/api/v1/catalogs/{world.CATALOG}", None, root)["id"]
    body = {"name": "engine", "role": "tenant-user"}
    engine = _ask(port, "POST", "/api/v1/service-users", body, root)
    scope = {"type": "catalog", "catalog_id": catalog}
    grant = {"user-id": engine["id"], "scope": scope, "actions": ["read"]}
    _ask(port, "POST", "/api/v1/permissions", grant, root)
    return {
        NOBODY: (),
        "JWT of root": (f"Authorization: {root}",),
        "JWT with a grant": (f"Authorization: {_exchanged(port, engine)}",),
        "API key with a grant": (f"X-API-Key: {engine['api_key']}",),
    }


def compared(
    farm: Farm,
    given: argparse.Namespace,
    path: str,
    headers: Mapping[str, tuple[str, ...]],
    closed: Server,
    opened: Server,
) -> dict[str, Measured]:
    """Measure every credential in turn, several rounds of it."""
    found: dict[str, list[Measured]] = {name: [] for name in headers}
    for _ in range(given.rounds):
        for name, lines in headers.items():
            server = opened if name == NOBODY else closed
            request = Request("0", "GET", path, "", lines)
            found[name].append(measure(farm, server, request, given.seconds, None))
    return {name: median(rounds) for name, rounds in found.items()}


def show(way: str, found: Mapping[str, Measured]) -> None:
    """Print the rows of one way."""
    base = found[NOBODY].cpu
    for name, measured in found.items():
        cells = (f"{measured.rate:,.0f}", f"{measured.cpu:,.0f}", f"{measured.cpu / base:.2f}")
        print(f"| {way} | {name} | {' | '.join(cells)} |", flush=True)


def _token(port: int, body: Mapping[str, str]) -> str:
    return f"Bearer {_ask(port, 'POST', '/api/v1/users/login', body, '')['token']}"


def _exchanged(port: int, engine: Mapping[str, Any]) -> str:
    connection = HTTPConnection("127.0.0.1", port)
    form = (
        f"grant_type=client_credentials&client_id={engine['id']}&client_secret={engine['api_key']}"
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/v1/oauth/tokens", form, kind)
    return f"Bearer {json.loads(connection.getresponse().read())['access_token']}"


def _ask(port: int, method: str, path: str, body: Any, authorization: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    if answer.status >= 400:
        raise SystemExit(f"{method} {path}: {found}")
    return found


if __name__ == "__main__":
    main()
