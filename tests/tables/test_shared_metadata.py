"""Metadata files that another ref or the past points to: never in a log, so no client deletes them.

Each commit here is followed by what PyIceberg does after its own: the files that left the log go.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from pangolin.services.branches import refs
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.services.storage.byte_cache import METADATA
from pangolin.services.tables import commits, creation, tables
from pangolin.services.versioned import resolution
from pangolin.store.kinds import ASSET, PAST_ASSET
from tests.worlds.one_catalog import create

ENABLED = "write.metadata.delete-after-commit.enabled"
MOST = "write.metadata.previous-versions-max"
ASKED = {ENABLED: "true", MOST: "1"}


def load(ctx: Context, prefix: str = "lake", name: str = "t") -> dict[str, Any]:
    """Load a table as a server that remembers nothing does."""
    ctx.runtime.part(METADATA).clear()
    return dict(orjson.loads(tables.load(ctx, prefix, ["db"], name).metadata))


def logged(document: dict[str, Any]) -> list[str]:
    return [entry["metadata-file"] for entry in document["metadata-log"]]


def location(ctx: Context, prefix: str = "lake", name: str = "t") -> str:
    return str(tables.load(ctx, prefix, ["db"], name).location)


def change(ctx: Context, prefix: str = "lake", name: str = "t", **properties: str) -> list[str]:
    """Commit as PyIceberg does; answer the log."""
    before = load(ctx, prefix, name)
    updates = [{"action": "set-properties", "updates": properties or {"x": str(ctx.now())}}]
    commits.commit(ctx, prefix, ["db"], name, [], updates)
    after = load(ctx, prefix, name)
    if after["properties"].get(ENABLED, "false") != "false":
        for left in set(logged(before)) - set(logged(after)):
            Path(urlsplit(left).path).unlink(missing_ok=True)
    assert pointed_elsewhere(ctx, prefix, name).isdisjoint(logged(after))
    return logged(after)


def pointed_elsewhere(ctx: Context, prefix: str, name: str) -> set[str]:
    """List what all records of the table but its own one point to."""
    _, ((own, *_),) = resolution.resolve(ctx, prefix, [(ASSET, ("db", name))])
    assert own is not None
    same = [(kind, row) for kind in (ASSET, PAST_ASSET) for row in ctx.store.scan(kind)]
    others = [row.doc for kind, row in same if kind is PAST_ASSET or row.doc != own.doc]
    return {doc["metadata_location"] for doc in others if doc.get("id") == own.doc["id"]}


@pytest.mark.parametrize("word", ["true", "True", "1", "yes"])
def test_a_tag_and_a_branch_keep_their_files_whatever_main_commits(ctx: Context, word: str) -> None:
    create(ctx, properties=ASKED | {ENABLED: word})
    change(ctx)
    tagged = location(ctx)
    refs.create_tag(ctx, "lake", "v1")
    refs.create_branch(ctx, "lake", "dev")
    for _ in range(4):
        assert tagged not in change(ctx)
    assert location(ctx, "lake@v1") == location(ctx, "lake@dev") == tagged
    assert load(ctx, "lake@v1") == load(ctx, "lake@dev")


def test_main_and_a_tag_keep_their_files_whatever_a_branch_commits(ctx: Context) -> None:
    create(ctx, properties=ASKED)
    change(ctx)
    refs.create_branch(ctx, "lake", "dev")
    for _ in range(3):
        assert location(ctx) not in change(ctx, "lake@dev")
    refs.create_tag(ctx, "lake", "of-dev", from_ref="dev")
    for _ in range(3):
        assert location(ctx, "lake@of-dev") not in change(ctx, "lake@dev")
    assert all(load(ctx, prefix) for prefix in ("lake", "lake@dev", "lake@of-dev"))


def test_the_log_goes_on_after_the_first_commit_of_a_fork(ctx: Context) -> None:
    create(ctx)
    first = location(ctx)
    change(ctx)
    shared = location(ctx)
    refs.create_tag(ctx, "lake", "v1")
    assert change(ctx) == [first]
    own = location(ctx)
    assert change(ctx) == [first, own]
    assert shared not in change(ctx)


def test_a_table_renamed_after_a_fork_does_not_log_what_the_tag_shows(ctx: Context) -> None:
    create(ctx)
    refs.create_tag(ctx, "lake", "v1")
    tables.rename(ctx, "lake", (["db"], "t"), (["db"], "u"))
    tables.rename(ctx, "lake", (["db"], "u"), (["db"], "w"))
    assert change(ctx, name="w") == []
    own = location(ctx, name="w")
    assert change(ctx, name="w") == [own]
    change(ctx, name="w", **ASKED)
    change(ctx, name="w")
    assert load(ctx, "lake@v1")


def test_a_registered_file_that_a_tag_shows_is_not_logged(ctx: Context) -> None:
    create(ctx)
    refs.create_tag(ctx, "lake", "v1")
    tagged = location(ctx)
    change(ctx)
    creation.register(ctx, "lake", ["db"], "t", tagged, overwrite=True)
    assert tagged not in change(ctx)
    assert len(change(ctx)) == 1


def test_a_registered_file_of_ones_own_is_logged(ctx: Context) -> None:
    create(ctx)
    registered = location(ctx)
    tables.unregister(ctx, "lake", ["db"], "t")
    creation.register(ctx, "lake", ["db"], "t", registered)
    assert change(ctx) == [registered]


def test_a_file_that_a_ref_comes_to_point_to_does_not_leave_the_log(ctx: Context) -> None:
    create(ctx, properties={MOST: "1"})
    first = location(ctx)
    refs.create_branch(ctx, "lake", "dev")
    change(ctx)
    logged_once = location(ctx)
    assert change(ctx) == [logged_once]
    creation.register(ctx, "lake@dev", ["db"], "t", logged_once, overwrite=True)
    updates = [{"action": "set-properties", "updates": {ENABLED: "true"}}]
    for _ in range(3):
        before = load(ctx)
        commits.commit(ctx, "lake", ["db"], "t", [], [*updates, _touch(ctx)])
        left = set(logged(before)) - set(logged(load(ctx)))
        assert logged_once not in left
    assert logged(load(ctx))[0] == logged_once
    assert load(ctx, "lake@dev")
    assert first not in logged(load(ctx))


def _touch(ctx: Context) -> dict[str, Any]:
    return {"action": "set-properties", "updates": {"x": str(ctx.now())}}


def test_several_changes_of_one_transaction_do_not_log_a_shared_file(ctx: Context) -> None:
    create(ctx, properties=ASKED)
    refs.create_tag(ctx, "lake", "v1")
    identifier = {"namespace": ["db"], "name": "t"}
    wire = {"identifier": identifier, "requirements": []}
    commits.commit_many(ctx, "lake", [wire | {"updates": [_touch(ctx)]} for _ in range(2)])
    assert logged(load(ctx)) == []
    assert load(ctx, "lake@v1")


def test_a_file_that_was_shared_goes_with_gc_once_its_tag_is_deleted(
    ctx: Context, tmp_path: Path
) -> None:
    create(ctx, properties=ASKED)
    refs.create_tag(ctx, "lake", "v1")
    shared = Path(urlsplit(location(ctx)).path)
    change(ctx)
    refs.delete_ref(ctx, "lake", "v1", "tag")
    garbage_collection.collect(ctx.runtime, files=True)
    assert not shared.exists()
    assert load(ctx)
