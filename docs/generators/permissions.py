"""The reference of what each endpoint asks for, from what principals are answered."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from docs.generators.markdown import document, table
from tests.matrix.asking import ask_for
from tests.matrix.rows import ROWS, Row
from tests.matrix.world import COLUMNS, World, build

INTRO = """
The action that each endpoint requires, as named in the 403 response to a principal without any
grant, and who may use the endpoint. *read* and *write* are users with that one action on the
catalog. Resources of another tenant are answered as if they did not exist, so there is no column
for other tenants. Roles and actions are explained in [Access](../explanation/access.md).

Credentials are also vended for a table that does not exist yet, so a principal that cannot see a
table is told that `create` is missing.

The page is generated from the requests that the tests send to every endpoint.
"""
OPEN = "*open*"
SHOWN = ("reader", "writer", "admin", "root")
TITLES = {"reader": "read", "writer": "write", "admin": "tenant-admin", "root": "root"}
MAY_NOT = re.compile(r"nobody may not (\S+) (\S+)")
RULE = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


def page() -> str:
    """Write the page."""
    with tempfile.TemporaryDirectory() as directory:
        world = build(Path(directory))
        rows = [_row(world, route, ROWS[route]) for route in sorted(ROWS, key=_order)]
    heads = ("endpoint", "action", "on", *(TITLES[column] for column in SHOWN))
    return document("Permissions", INTRO, table(heads, rows))


def _order(route: str) -> tuple[str, str]:
    method, _, rule = route.partition(" ")
    return rule, method


def _row(world: World, route: str, row: Row) -> tuple[str, ...]:
    statuses = dict(zip(COLUMNS, row.statuses.split(), strict=True))
    action, on = _asked(world, route, row, statuses)
    shown = RULE.sub(lambda found: f"{{{found[1]}}}", route)
    return (f"`{shown}`", action, on, *_verdicts(statuses, is_open=action == OPEN))


def _asked(world: World, route: str, row: Row, statuses: dict[str, str]) -> tuple[str, str]:
    world.restore()
    # An answer to HEAD has no body that would say why.
    answer = ask_for(world, route.replace("HEAD ", "GET "), row, "nobody")
    said = answer.get_json()["error"]["message"] if answer.status_code == 403 else ""
    found = MAY_NOT.match(said)
    if found is not None:
        return found[1], found[2]
    if statuses["anonymous"] != "401":
        return OPEN, ""
    return ("*hidden*", "") if statuses["nobody"] == "404" else ("*signed in*", "")


def _verdicts(statuses: dict[str, str], *, is_open: bool) -> Iterator[str]:
    for column in SHOWN:
        refused = statuses[column] in ("401", "403", "404")
        yield "no" if refused and not is_open else "yes"
