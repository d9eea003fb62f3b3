"""The worked example of docs/explanation/refs.md, step by step."""

from pathlib import Path

import pytest

from pangolin.services.branches import refs
from pangolin.services.catalogs import catalogs, namespaces
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.services.tables import commits, creation, tables
from pangolin.services.warehouses import warehouses
from pangolin.store.kinds import ASSET, LINE, PAST_ASSET, REF

LEVELS = ("shop",)
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "n", "type": "long", "required": False}]}


@pytest.fixture
def lake(ctx: Context, tmp_path: Path) -> Context:
    """A catalog `lake` with the tables `a` and `b`, forked as `trial`, and then worked on."""
    root = {"type": "file", "root": str(tmp_path / "files")}
    warehouses.create(ctx, {"name": "files", "storage_config": root})
    catalogs.create(ctx, {"name": "lake", "warehouse_name": "files"})
    namespaces.create(ctx, "lake", LEVELS, {})
    for name in ("a", "b"):
        creation.create(ctx, "lake", LEVELS, {"name": name, "schema": SCHEMA})
    refs.create_branch(ctx, "lake", "trial")
    for prefix, name in (("lake", "a"), ("lake", "a"), ("lake@trial", "b")):
        commit(ctx, prefix, name)
    tables.drop(ctx, "lake", LEVELS, "b")
    return ctx


def commit(ctx: Context, prefix: str, name: str) -> None:
    """Set a property, to the prefix."""
    update = {"action": "set-properties", "updates": {"by": prefix}}
    commits.commit(ctx, prefix, LEVELS, name, [], [update])


def entries(ctx: Context) -> dict[str, list[str]]:
    """Show the entries of each line as the page does, under the name of its branch."""
    named = {
        record.doc["line"]: record.doc["name"]
        for record in ctx.store.scan(REF)
        if record.doc["type"] == "branch"
    }
    found: dict[str, list[str]] = {}
    for kind, form in ((ASSET, "{name}{dead}@{epoch}"), (PAST_ASSET, "[{name}{dead}@{epoch}]")):
        for record in ctx.store.scan(kind):
            dead = " dead" if record.doc.get("dead") else ""
            line = named.get(record.doc["line"], "gone")
            found.setdefault(line, []).append(form.format(**{**record.doc, "dead": dead}))
    return {line: sorted(shown) for line, shown in found.items()}


def test_the_lines_hold_what_the_last_step_shows(lake: Context) -> None:
    assert entries(lake) == {
        "main": ["[a@0]", "[b@0]", "a@1", "b dead@1"],
        "trial": ["b@0"],
    }
    assert sorted(record.doc["epoch"] for record in lake.store.scan(LINE)) == [0, 1]


def test_the_branch_sees_neither_commits_nor_the_drop(lake: Context) -> None:
    assert b'"by"' not in tables.load(lake, "lake@trial", LEVELS, "a").metadata
    assert b"lake@trial" in tables.load(lake, "lake@trial", LEVELS, "b").metadata
    assert tables.list_names(lake, "lake", LEVELS)[0] == ["a"]


def test_collecting_after_the_branch_is_gone_leaves_one_entry(lake: Context) -> None:
    refs.delete_ref(lake, "lake", "trial", "branch")
    garbage_collection.collect(lake.runtime)
    assert entries(lake) == {"main": ["a@1"]}
