"""The worked example of docs/explanation/refs.md, step by step."""

from pathlib import Path

import pytest

from pangolin.services.branches import refs
from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.scope import Scope
from pangolin.services.operations import garbage_collection
from pangolin.services.tables import commits, creation, tables
from pangolin.services.warehouses import warehouses
from pangolin.store.kinds import ASSET, LINE, PAST_ASSET, REF

LEVELS = ("shop",)
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "n", "type": "long", "required": False}]}


@pytest.fixture
def lake(scope: Scope, tmp_path: Path) -> Scope:
    """A catalog `lake` with the tables `a` and `b`, forked as `trial`, and then worked on."""
    root = {"type": "file", "root": str(tmp_path / "files")}
    warehouses.create(scope, {"name": "files", "storage_config": root})
    catalogs.create(scope, {"name": "lake", "warehouse_name": "files"})
    namespaces.create(scope, "lake", LEVELS, {})
    for name in ("a", "b"):
        creation.create(scope, "lake", LEVELS, {"name": name, "schema": SCHEMA})
    refs.create_branch(scope, "lake", "trial")
    for prefix, name in (("lake", "a"), ("lake", "a"), ("lake@trial", "b")):
        commit(scope, prefix, name)
    tables.drop(scope, "lake", LEVELS, "b")
    return scope


def commit(scope: Scope, prefix: str, name: str) -> None:
    """Set a property, to the prefix."""
    update = {"action": "set-properties", "updates": {"by": prefix}}
    commits.commit(scope, prefix, LEVELS, name, [], [update])


def entries(scope: Scope) -> dict[str, list[str]]:
    """Show the entries of each line as the page does, under the name of its branch."""
    named = {
        record.doc["line"]: record.doc["name"]
        for record in scope.store.scan(REF)
        if record.doc["type"] == "branch"
    }
    found: dict[str, list[str]] = {}
    for kind, form in ((ASSET, "{name}{dead}@{epoch}"), (PAST_ASSET, "[{name}{dead}@{epoch}]")):
        for record in scope.store.scan(kind):
            doc = {**record.doc, "dead": " dead" if record.doc.get("dead") else ""}
            found.setdefault(named.get(doc["line"], "gone"), []).append(form.format(**doc))
    return {line: sorted(shown) for line, shown in found.items()}


def test_the_lines_hold_what_the_last_step_shows(lake: Scope) -> None:
    assert entries(lake) == {
        "main": ["[a@0]", "[b@0]", "a@1", "b dead@1"],
        "trial": ["b@0"],
    }
    assert sorted(record.doc["epoch"] for record in lake.store.scan(LINE)) == [0, 1]


def test_the_branch_sees_neither_commits_nor_the_drop(lake: Scope) -> None:
    assert b'"by"' not in tables.load(lake, "lake@trial", LEVELS, "a").metadata
    assert b"lake@trial" in tables.load(lake, "lake@trial", LEVELS, "b").metadata
    assert tables.list_names(lake, "lake", LEVELS)[0] == ["a"]


def test_collecting_after_the_branch_is_gone_leaves_one_entry(lake: Scope) -> None:
    refs.delete_ref(lake, "lake", "trial", "branch")
    garbage_collection.collect(lake.runtime)
    assert entries(lake) == {"main": ["a@1"]}
