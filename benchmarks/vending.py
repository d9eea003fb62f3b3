"""What a credential adds to a load: `python -m benchmarks.vending`.

Loads are measured twice: under gunicorn, as CPU time of the server for a request, and through the
whole WSGI application in this process without a socket, where nothing hides the difference. With
`vended` a credential comes with the table, from memory; it is minted by a vendor that answers at
once. Shown are medians of rounds in turn.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask

from benchmarks import servers
from benchmarks.farm import Farm, Request
from benchmarks.measuring import measure
from benchmarks.servers import Server
from benchmarks.world import CATALOG, SNAPSHOTS, environ_of, fill, settings_of, table_name
from pangolin.app import create_app
from pangolin.services.context.context import system_context
from pangolin.services.warehouses import warehouses
from pangolin.settings import Settings
from tests.conftest import ROOT_PASSWORD
from tests.credentials.vendor import CountingPlugin, CountingVendor

NOTHING = "X-Iceberg-Access-Delegation: "
DELEGATION = {"HTTP_X_ICEBERG_ACCESS_DELEGATION": "vended-credentials"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure loads with and without credentials.")
    parser.add_argument("--times", type=int, default=2000, help="loads in this process")
    parser.add_argument("--rounds", type=int, default=5, help="rounds under gunicorn")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a round")
    given = parser.parse_args()
    print("| load | where | plain, µs | vended, µs | ratio |\n|---|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="pangolin-bench-") as directory:
        settings = settings_of(Path(directory), "", 2, 8)
        app, bearer = furnished(settings)
        for size in SNAPSHOTS:
            show(size, "in process", measured(app, environ(path_of(size), bearer), given.times))
        farm = Farm(clients=2)
        with served(settings, Path(directory)) as server:
            for size in SNAPSHOTS:
                found = served_loads(farm, server, path_of(size), bearer, given)
                show(size, "under gunicorn", found)
        farm.close()


def show(size: str, where: str, found: tuple[float, float]) -> None:
    """Print a row."""
    plain, vended = found
    print(f"| {size} | {where} | {plain:.0f} | {vended:.0f} | {vended / plain:.2f} |", flush=True)


def path_of(size: str) -> str:
    """Return the path of the table of a size."""
    return f"/v1/{CATALOG}/namespaces/bench/tables/{table_name(size)}"


def served(settings: Settings, directory: Path) -> AbstractContextManager[Server]:
    """Run the server on what was furnished."""
    port, metrics = servers.free_port(), directory / "metrics"
    metrics.mkdir()
    environ = {**environ_of(settings), "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    return servers.running(directory, environ, port, "benchmarks.served_vending", str(port))


def served_loads(
    farm: Farm, server: Server, path: str, bearer: str, given: argparse.Namespace
) -> tuple[float, float]:
    """Return the server's CPU time for a load without and with a credential, in microseconds."""
    lines = ((f"Authorization: {bearer}", NOTHING), (f"Authorization: {bearer}",))
    requests = [Request("0", "GET", path, "", headers) for headers in lines]
    rounds = [
        [measure(farm, server, request, given.seconds, None).cpu for request in requests]
        for _ in range(given.rounds)
    ]
    return median(plain for plain, _ in rounds), median(vended for _, vended in rounds)


def furnished(settings: Settings) -> tuple[Flask, str]:
    """Make tables in a warehouse that vends; return the application, and a login."""
    fill(settings, 0, ())
    app = create_app(settings, plugins=[CountingPlugin(CountingVendor())])
    ctx = system_context(app.extensions["pangolin"].runtime)
    warehouses.update(ctx, "local", {"vending_strategy": {"Counting": {}}})
    given = {"username": "root", "password": settings.root_password or ROOT_PASSWORD}
    answer = app.test_client().post("/api/v1/users/login", json=given)
    return app, f"Bearer {answer.get_json()['token']}"


def environ(path: str, bearer: str) -> dict[str, Any]:
    """Build a request as gunicorn hands it over."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": bearer,
        "wsgi.url_scheme": "http",
    }


def measured(app: Flask, asked: dict[str, Any], times: int) -> tuple[float, float]:
    """Return the medians without and with a credential, in microseconds, taken by turns."""
    turns = list(_turns(app, asked, times))
    return median(plain for plain, _ in turns), median(vended for _, vended in turns)


def _turns(app: Flask, asked: dict[str, Any], times: int) -> Iterator[tuple[float, float]]:
    for _ in range(50):
        _load(app, asked)
        _load(app, asked | DELEGATION)
    for _ in range(times):
        yield _load(app, asked), _load(app, asked | DELEGATION)


def _load(app: Flask, asked: dict[str, Any]) -> float:
    begun = time.perf_counter()
    statuses: list[str] = []
    for _ in app.wsgi_app(dict(asked), lambda status, headers: statuses.append(status)):  # type: ignore[arg-type]
        pass
    spent = time.perf_counter() - begun
    assert statuses == ["200 OK"], statuses
    return spent * 1_000_000


if __name__ == "__main__":
    main()
