"""How many of our functions a request calls: `python -m benchmarks.trace`.

Each request is answered twice in this process, on records in memory, and the second time is
traced, so that what is remembered is in memory. Nothing is timed: the numbers are exact, and equal
on every machine. `--functions` lists what a request calls most.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from flask.testing import FlaskClient

import pangolin
from pangolin.app import create_app
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from tests.credentials.vendor import CountingPlugin, CountingVendor

OURS = str(Path(pangolin.__file__).parent)
TABLES = "/v1/lakehouse/namespaces/default/tables"
VENDED = {"X-Iceberg-Access-Delegation": "vended-credentials"}
CATALOG = "lakehouse"
SCHEMA = {
    "type": "struct",
    "fields": [{"id": 1, "name": "id", "type": "long", "required": False}],
}
PASSWORD = "correct horse"


def main() -> None:
    """Trace and print."""
    parser = argparse.ArgumentParser(description="Count the functions that requests call.")
    parser.add_argument("--functions", action="store_true", help="list the most called")
    given = parser.parse_args()
    print("| request | files | functions called |\n|---|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="pangolin-trace-") as directory:
        client = furnished(Path(directory))
        for name, ask in requests(client):
            ask()
            with traced() as calls:
                ask()
            files = {file for file, _ in calls}
            print(f"| {name} | {len(files)} | {calls.total()} |")
            if given.functions:
                for (file, function), count in calls.most_common(25):
                    print(f"  {count:5} {file.removeprefix(OURS)} {function}")


@contextmanager
def traced() -> Iterator[Counter[tuple[str, str]]]:
    """Count the calls of our functions inside."""
    calls: Counter[tuple[str, str]] = Counter()

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS) and code.co_name[0] != "<":
            calls[code.co_filename, code.co_name] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def furnished(directory: Path) -> FlaskClient:
    """Make an application with a table in a warehouse that vends; return a client as root."""
    settings = Settings(
        data_dir=str(directory),
        store_url="memory:",
        file_roots=(str(directory),),
        root_password=PASSWORD,
        warehouse_checks="off",
    )
    app = create_app(settings, plugins=[CountingPlugin(CountingVendor())])
    initialise(app.extensions["pangolin"].runtime)
    client = app.test_client()
    login = {"username": "root", "password": PASSWORD}
    token = client.post("/api/v1/users/login", json=login).get_json()["token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    warehouse = {
        "name": "local",
        "storage_config": {"type": "file", "file.root": f"{directory}/warehouse"},
        "vending_strategy": {"Counting": {}},
    }
    asked(client, "POST", "/api/v1/warehouses", warehouse)
    asked(client, "POST", "/api/v1/catalogs", {"name": "lakehouse", "warehouse": "local"})
    asked(client, "POST", TABLES, {"name": "t", "schema": SCHEMA})
    return client


def requests(client: FlaskClient) -> Iterator[tuple[str, Callable[[], object]]]:
    """List what is traced: its name, and how to ask for it once more."""
    numbers, table = count(), f"{TABLES}/t"
    login = {"username": "root", "password": PASSWORD}

    def commit() -> None:
        updates = [{"action": "set-properties", "updates": {"n": str(next(numbers))}}]
        asked(client, "POST", table, {"requirements": [], "updates": updates})

    def create() -> None:
        asked(client, "POST", TABLES, {"name": f"t{next(numbers)}", "schema": SCHEMA}, **VENDED)

    def fork() -> None:
        asked(client, "POST", "/api/v1/branches", {"name": f"b{next(numbers)}", "catalog": CATALOG})

    yield "load table", lambda: asked(client, "GET", table)
    yield "load table + vended credential", lambda: asked(client, "GET", table, **VENDED)
    yield "commit (set-properties)", commit
    yield "create table + vended credential", create
    yield "table credentials", lambda: asked(client, "GET", f"{table}/credentials")
    yield "list tables", lambda: asked(client, "GET", TABLES)
    yield "create branch", fork
    yield "login", lambda: asked(client, "POST", "/api/v1/users/login", login)


def asked(client: FlaskClient, method: str, path: str, body: object = None, **headers: str) -> None:
    """Ask; raise unless it is answered well."""
    answer = client.open(path, method=method, json=body, headers=headers)
    assert answer.status_code < 300, (answer.status_code, answer.text)


if __name__ == "__main__":
    main()
