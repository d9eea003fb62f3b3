"""The parity table of the storage backends, from a report of the suites' runs."""

import json
from pathlib import Path
from typing import Any

from docs.generators.markdown import document, table

DOCS = Path(__file__).parents[1]
REPORT = DOCS / "reports" / "backends.json"
STORES = {"memory": "memory", "sqlite": "SQLite", "postgresql": "PostgreSQL", "mongodb": "MongoDB"}
HEADINGS = ("## Parity", "## What was tested on what", "## Scale")


def page() -> str:
    """Write the page: prose from `reports/backends.txt`, tables from the report beside it."""
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    prose = REPORT.with_suffix(".txt").read_text(encoding="utf-8").split("\n---\n")
    tables = (_parity(report["suites"]), _versions(report["versions"]), _scale(report["scale"]))
    parts = [part for three in zip(HEADINGS, tables, prose[1:], strict=True) for part in three]
    return document("Backends", prose[0], *parts)


def _parity(suites: dict[str, dict[str, Any]]) -> str:
    rows = [
        (suite, *(_cell(runs.get(store)) for store in STORES)) for suite, runs in suites.items()
    ]
    return table(("suite", *STORES.values()), rows)


def _cell(run: dict[str, int] | None) -> str:
    if run is None:
        return "—"
    failed = f", **{run['failed']} failed**" if run["failed"] else ""
    return f"{run['passed']} passed{failed}"


def _versions(versions: dict[str, str]) -> str:
    return table(("store", "tested on"), [(STORES[name], on) for name, on in versions.items()])


def _scale(rows: list[dict[str, Any]]) -> str:
    head = ("store", "tables", "branches", "list a page", "load", "fork", "commit")
    cells = [
        (
            STORES[row["store"]],
            f"{row['tables']:,}",
            f"{row['branches']:,}",
            *(f"{row[name]:.2f} ms" for name in ("list", "load", "fork", "commit")),
        )
        for row in rows
    ]
    return table(head, cells)
