"""The requests that are measured."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.farm import Request
from benchmarks.world import CATALOG, SNAPSHOTS, create_body, table_name

BRANCHED = (10, 1_000, 50_000)
LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """A name, the request, and whether it goes to the server without a metadata cache."""

    name: str
    request: Request
    is_cold: bool = False


def cases(authorization: str) -> list[Case]:
    """List all cases; a request is known to the bare application by the case's number."""
    made = [*_loads(), *_writes(), *_lists()]
    return [
        Case(name, Request(str(number), method, path, body, (authorization, *headers)), cold)
        for number, (name, method, path, body, headers, cold) in enumerate(made)
    ]


Row = tuple[str, str, str, str, tuple[str, ...], bool]


def _loads() -> Iterator[Row]:
    for size in SNAPSHOTS:
        path = f"/v1/{CATALOG}/namespaces/bench/tables/{table_name(size)}"
        yield f"load {size} warm", "GET", path, "", (), False
        yield f"load {size} cold", "GET", path, "", (), True
        yield f"load {size} 304", "GET", path, "", ("If-None-Match: *",), False


def _writes() -> Iterator[Row]:
    update = {"action": "set-properties", "updates": {"n": "NUMBER"}}
    body = json.dumps({"requirements": [], "updates": [update]}).replace("NUMBER", "{n}")
    for size in SNAPSHOTS:
        path = f"/v1/{CATALOG}/namespaces/bench/tables/{table_name(size)}_{{client}}"
        yield f"commit {size}", "POST", path, body, (), False
    tables = f"/v1/{CATALOG}/namespaces/bench/tables"
    yield "create table", "POST", tables, create_body(), (), False
    for count in BRANCHED:
        branch = json.dumps({"name": "b-NUMBER", "catalog": f"of{count}"}).replace("NUMBER", "{n}")
        yield f"branch of {count:,} tables", "POST", "/api/v1/branches", branch, (), False


def _lists() -> Iterator[Row]:
    path = f"/v1/of{LISTED}/namespaces/bench/tables"
    yield f"list {LISTED:,} tables", "GET", path, "", (), False
