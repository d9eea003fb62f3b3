"""Metadata files that another ref or the past points to: never in a log, so no client deletes them.

Each commit here is followed by what PyIceberg does after its own: the files that left the log go.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.scope import Scope
from pangolin.services.operations import garbage_collection
from pangolin.services.storage.byte_cache import METADATA
from pangolin.services.tables import commits, creation, tables
from pangolin.services.versioned import resolution
from pangolin.store.kinds import ASSET, PAST_ASSET
from tests.services.test_tables import create
from tests.services.world import scope_on

ENABLED = "write.metadata.delete-after-commit.enabled"
MOST = "write.metadata.previous-versions-max"
ASKED = {ENABLED: "true", MOST: "1"}


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    made = scope_on(tmp_path)
    namespaces.create(made, "lake", ["db"], {})
    return made


def load(scope: Scope, prefix: str = "lake", name: str = "t") -> dict[str, Any]:
    """Load a table as a server that remembers nothing does."""
    scope.runtime.part(METADATA).clear()
    return dict(orjson.loads(tables.load(scope, prefix, ["db"], name).metadata))


def logged(document: dict[str, Any]) -> list[str]:
    return [entry["metadata-file"] for entry in document["metadata-log"]]


def location(scope: Scope, prefix: str = "lake", name: str = "t") -> str:
    return str(tables.load(scope, prefix, ["db"], name).location)


def change(scope: Scope, prefix: str = "lake", name: str = "t", **properties: str) -> list[str]:
    """Commit as PyIceberg does; answer the log."""
    before = load(scope, prefix, name)
    updates = [{"action": "set-properties", "updates": properties or {"x": str(scope.now())}}]
    commits.commit(scope, prefix, ["db"], name, [], updates)
    after = load(scope, prefix, name)
    if after["properties"].get(ENABLED, "false") != "false":
        for left in set(logged(before)) - set(logged(after)):
            Path(urlsplit(left).path).unlink(missing_ok=True)
    assert pointed_elsewhere(scope, prefix, name).isdisjoint(logged(after))
    return logged(after)


def pointed_elsewhere(scope: Scope, prefix: str, name: str) -> set[str]:
    """List what all records of the table but its own one point to."""
    _, ((own, *_),) = resolution.locate(scope, prefix, [(ASSET, ("db", name))])
    assert own is not None
    same = [(kind, row) for kind in (ASSET, PAST_ASSET) for row in scope.store.scan(kind)]
    others = [row.doc for kind, row in same if kind is PAST_ASSET or row.doc != own.doc]
    return {doc["metadata_location"] for doc in others if doc.get("id") == own.doc["id"]}


@pytest.mark.parametrize("word", ["true", "True", "1", "yes"])
def test_a_tag_and_a_branch_keep_their_files_whatever_main_commits(scope: Scope, word: str) -> None:
    create(scope, properties=ASKED | {ENABLED: word})
    change(scope)
    tagged = location(scope)
    refs.create_tag(scope, "lake", "v1")
    refs.create_branch(scope, "lake", "dev")
    for _ in range(4):
        assert tagged not in change(scope)
    assert location(scope, "lake@v1") == location(scope, "lake@dev") == tagged
    assert load(scope, "lake@v1") == load(scope, "lake@dev")


def test_main_and_a_tag_keep_their_files_whatever_a_branch_commits(scope: Scope) -> None:
    create(scope, properties=ASKED)
    change(scope)
    refs.create_branch(scope, "lake", "dev")
    for _ in range(3):
        assert location(scope) not in change(scope, "lake@dev")
    refs.create_tag(scope, "lake", "of-dev", from_ref="dev")
    for _ in range(3):
        assert location(scope, "lake@of-dev") not in change(scope, "lake@dev")
    assert all(load(scope, prefix) for prefix in ("lake", "lake@dev", "lake@of-dev"))


def test_the_log_goes_on_after_the_first_commit_of_a_fork(scope: Scope) -> None:
    create(scope)
    first = location(scope)
    change(scope)
    shared = location(scope)
    refs.create_tag(scope, "lake", "v1")
    assert change(scope) == [first]
    own = location(scope)
    assert change(scope) == [first, own]
    assert shared not in change(scope)


def test_a_table_renamed_after_a_fork_does_not_log_what_the_tag_shows(scope: Scope) -> None:
    create(scope)
    refs.create_tag(scope, "lake", "v1")
    tables.rename(scope, "lake", (["db"], "t"), (["db"], "u"))
    tables.rename(scope, "lake", (["db"], "u"), (["db"], "w"))
    assert change(scope, name="w") == []
    own = location(scope, name="w")
    assert change(scope, name="w") == [own]
    change(scope, name="w", **ASKED)
    change(scope, name="w")
    assert load(scope, "lake@v1")


def test_a_registered_file_that_a_tag_shows_is_not_logged(scope: Scope) -> None:
    create(scope)
    refs.create_tag(scope, "lake", "v1")
    tagged = location(scope)
    change(scope)
    creation.register(scope, "lake", ["db"], "t", tagged, overwrite=True)
    assert tagged not in change(scope)
    assert len(change(scope)) == 1


def test_a_registered_file_of_ones_own_is_logged(scope: Scope) -> None:
    create(scope)
    registered = location(scope)
    tables.unregister(scope, "lake", ["db"], "t")
    creation.register(scope, "lake", ["db"], "t", registered)
    assert change(scope) == [registered]


def test_a_file_that_a_ref_comes_to_point_to_does_not_leave_the_log(scope: Scope) -> None:
    create(scope, properties={MOST: "1"})
    first = location(scope)
    refs.create_branch(scope, "lake", "dev")
    change(scope)
    logged_once = location(scope)
    assert change(scope) == [logged_once]
    creation.register(scope, "lake@dev", ["db"], "t", logged_once, overwrite=True)
    updates = [{"action": "set-properties", "updates": {ENABLED: "true"}}]
    for _ in range(3):
        before = load(scope)
        commits.commit(scope, "lake", ["db"], "t", [], [*updates, _touch(scope)])
        left = set(logged(before)) - set(logged(load(scope)))
        assert logged_once not in left
    assert logged(load(scope))[0] == logged_once
    assert load(scope, "lake@dev")
    assert first not in logged(load(scope))


def _touch(scope: Scope) -> dict[str, Any]:
    return {"action": "set-properties", "updates": {"x": str(scope.now())}}


def test_several_changes_of_one_transaction_do_not_log_a_shared_file(scope: Scope) -> None:
    create(scope, properties=ASKED)
    refs.create_tag(scope, "lake", "v1")
    identifier = {"namespace": ["db"], "name": "t"}
    wire = {"identifier": identifier, "requirements": []}
    commits.commit_many(scope, "lake", [wire | {"updates": [_touch(scope)]} for _ in range(2)])
    assert logged(load(scope)) == []
    assert load(scope, "lake@v1")


def test_a_file_that_was_shared_goes_with_gc_once_its_tag_is_deleted(
    scope: Scope, tmp_path: Path
) -> None:
    create(scope, properties=ASKED)
    refs.create_tag(scope, "lake", "v1")
    shared = Path(urlsplit(location(scope)).path)
    change(scope)
    refs.delete_ref(scope, "lake", "v1", "tag")
    garbage_collection.collect(scope.runtime, files=True)
    assert not shared.exists()
    assert load(scope)
