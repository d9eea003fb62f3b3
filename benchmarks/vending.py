"""What a credential adds to a load: `python -m benchmarks.vending`.

Loads go through the whole WSGI application in this process, without a socket, on SQLite and local
files: what the network costs would only hide the difference. With `vended` a credential comes with
the table, from memory; it is minted by a vendor that answers at once. Shown are medians.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask

from benchmarks.world import CATALOG, SNAPSHOTS, fill, settings_of, table_name
from pangolin.app import create_app
from pangolin.services import warehouses
from pangolin.services.initialise import system_scope
from tests.conftest import ROOT_PASSWORD
from tests.vending.vendor import CountingPlugin, CountingVendor

DELEGATION = {"HTTP_X_ICEBERG_ACCESS_DELEGATION": "vended-credentials"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure loads with and without credentials.")
    parser.add_argument("--times", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pangolin-bench-") as directory:
        app, bearer = furnished(Path(directory))
        print("| load | plain, µs | vended, µs | ratio |\n|---|--:|--:|--:|")
        for size in SNAPSHOTS:
            asked = environ(f"/v1/{CATALOG}/namespaces/bench/tables/{table_name(size)}", bearer)
            plain, vended = measured(app, asked, given.times)
            print(f"| {size} | {plain:.0f} | {vended:.0f} | {vended / plain:.2f} |")


def furnished(directory: Path) -> tuple[Flask, str]:
    """Make tables in a warehouse that vends; give the application, and a login."""
    settings = settings_of(directory, "", 1, 8)
    fill(settings, 0, ())
    app = create_app(settings, plugins=[CountingPlugin(CountingVendor())])
    scope = system_scope(app.extensions["pangolin"].runtime)
    warehouses.update(scope, "local", {"vending_strategy": {"Counting": {}}})
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
    """Give the medians without and with a credential, in microseconds, taken by turns."""
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
