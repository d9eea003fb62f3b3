"""Tables and views through the services: what is refused, what is left behind, what is seen."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from pangolin.errors import (
    AlreadyExists,
    BadRequest,
    CommitFailed,
    NamespaceNotEmpty,
    NoSuchNamespace,
    NoSuchTable,
    NoSuchView,
)
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.scope import Scope
from pangolin.services.operations import garbage_collection
from pangolin.services.tables import commits, creation, tables
from pangolin.services.versioned.relations import VIEWS
from pangolin.store.api import Delete
from pangolin.store.kinds import ASSET, CATALOG, NAMESPACE
from tests.services.world import scope_on

SCHEMA = {
    "type": "struct",
    "fields": [{"id": 1, "name": "a", "type": "int", "required": False}],
}
VERSION = {
    "version-id": 1,
    "timestamp-ms": 1,
    "schema-id": 0,
    "summary": {},
    "default-namespace": ["db"],
    "representations": [{"type": "sql", "sql": "select 1", "dialect": "spark"}],
}


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    made = scope_on(tmp_path)
    namespaces.create(made, "lake", ["db"], {})
    return made


def create(scope: Scope, name: str = "t", prefix: str = "lake", **more: Any) -> dict[str, Any]:
    answer = creation.create(scope, prefix, ["db"], {"name": name, "schema": SCHEMA} | more)
    return dict(orjson.loads(answer.metadata))


def set_property(scope: Scope, value: str, prefix: str = "lake", name: str = "t") -> Any:
    updates = [{"action": "set-properties", "updates": {"x": value}}]
    return commits.commit(scope, prefix, ["db"], name, [], updates)


def property_of(scope: Scope, prefix: str = "lake", name: str = "t") -> str | None:
    loaded = tables.load(scope, prefix, ["db"], name)
    properties: dict[str, str] = orjson.loads(loaded.metadata)["properties"]
    return properties.get("x")


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_default_locations_are_unique(scope: Scope) -> None:
    first = create(scope)["location"]
    tables.drop(scope, "lake", ["db"], "t")
    assert create(scope)["location"] != first


def test_create_refuses_a_missing_namespace(scope: Scope) -> None:
    with pytest.raises(NoSuchNamespace, match="Namespace does not exist: nope"):
        creation.create(scope, "lake", ["nope"], {"name": "t", "schema": SCHEMA})


def test_create_refuses_a_taken_name(scope: Scope) -> None:
    create(scope)
    with pytest.raises(AlreadyExists, match=r"Table already exists: db\.t"):
        create(scope)


def test_a_view_and_a_table_share_one_name(scope: Scope) -> None:
    create(scope)
    view = {"name": "t", "schema": SCHEMA, "view-version": VERSION, "properties": {}}
    with pytest.raises(AlreadyExists, match=r"Table with same name already exists: db\.t"):
        creation.create(scope, "lake", ["db"], view, VIEWS)
    with pytest.raises(NoSuchView):
        tables.load(scope, "lake", ["db"], "t", VIEWS)


def test_a_staged_table_is_not_stored_and_writes_no_file(scope: Scope, tmp_path: Path) -> None:
    staged = creation.create(
        scope, "lake", ["db"], {"name": "t", "schema": SCHEMA, "stage-create": True}
    )
    assert staged.location is None and staged.etag is None
    assert files(tmp_path) == []
    with pytest.raises(NoSuchTable):
        tables.load(scope, "lake", ["db"], "t")


@pytest.mark.parametrize(
    "field", ["location", "write.data.path", "write.metadata.path", "write.object-storage.path"]
)
@pytest.mark.parametrize("stage", [True, False])
def test_locations_outside_the_catalog_are_refused(scope: Scope, field: str, stage: bool) -> None:
    elsewhere = "file:///elsewhere/x"
    more: dict[str, Any] = {"stage-create": stage, "properties": {field: elsewhere}}
    if field == "location":
        more = {"stage-create": stage, "location": elsewhere}
    with pytest.raises(BadRequest, match=field):
        create(scope, **more)


@pytest.mark.parametrize(
    "field", ["write.data.path", "write.metadata.path", "write.object-storage.path"]
)
def test_a_commit_that_moves_files_outside_is_refused(
    scope: Scope, tmp_path: Path, field: str
) -> None:
    create(scope)
    before = files(tmp_path)
    updates = [{"action": "set-properties", "updates": {field: f"file://{tmp_path}/other"}}]
    with pytest.raises(BadRequest, match=field):
        commits.commit(scope, "lake", ["db"], "t", [], updates)
    assert files(tmp_path) == before


def test_a_set_location_outside_is_refused(scope: Scope, tmp_path: Path) -> None:
    create(scope)
    updates = [{"action": "set-location", "location": f"file://{tmp_path}/other"}]
    with pytest.raises(BadRequest, match="location"):
        commits.commit(scope, "lake", ["db"], "t", [], updates)


@pytest.mark.parametrize("place", ["{t}", "{t}/inner", "{t}/../x", "{parent}", "{t}//"])
def test_no_table_points_into_another_tables_directory(scope: Scope, place: str) -> None:
    location = create(scope)["location"]
    chosen = place.format(t=location, parent=location.rpartition("/")[0])
    if place == "{parent}":
        chosen = location.rpartition("/")[0]
    with pytest.raises(BadRequest):
        create(scope, "u", location=chosen)


def test_a_neighbour_with_a_longer_name_is_no_overlap(scope: Scope) -> None:
    location = create(scope)["location"]
    assert create(scope, "u", location=f"{location}2")["location"] == f"{location}2"


def test_a_dropped_tables_directory_may_be_used_again(scope: Scope) -> None:
    location = create(scope)["location"]
    tables.drop(scope, "lake", ["db"], "t")
    assert create(scope, "u", location=location)["location"] == location


def test_a_directory_that_a_tag_still_shows_is_not_free(scope: Scope) -> None:
    location = create(scope)["location"]
    refs.create_tag(scope, "lake", "v1")
    tables.drop(scope, "lake", ["db"], "t")
    with pytest.raises(BadRequest, match="another table"):
        create(scope, "u", location=location)


def test_a_manifest_list_in_another_tables_directory_is_refused(scope: Scope) -> None:
    other = create(scope, "other")["location"]
    create(scope)
    snapshot = {
        "snapshot-id": 1,
        "sequence-number": 1,
        "timestamp-ms": 1_700_000_100_000,
        "manifest-list": f"{other}/metadata/snap-1.avro",
        "summary": {"operation": "append"},
        "schema-id": 0,
    }
    updates = [{"action": "add-snapshot", "snapshot": snapshot}]
    with pytest.raises(BadRequest, match="manifest-list"):
        commits.commit(scope, "lake", ["db"], "t", [], updates)


def test_a_commit_that_changes_nothing_writes_nothing(scope: Scope, tmp_path: Path) -> None:
    create(scope)
    before = files(tmp_path)
    answer = commits.commit(scope, "lake", ["db"], "t", [], [])
    assert files(tmp_path) == before
    assert answer.location == tables.load(scope, "lake", ["db"], "t").location


def test_a_failed_requirement_leaves_no_file(scope: Scope, tmp_path: Path) -> None:
    create(scope)
    before = files(tmp_path)
    wrong = [{"type": "assert-table-uuid", "uuid": "00000000-0000-0000-0000-000000000000"}]
    with pytest.raises(CommitFailed, match="UUID does not match"):
        commits.commit(scope, "lake", ["db"], "t", wrong, [])
    assert files(tmp_path) == before


def test_a_transaction_is_all_or_nothing(scope: Scope, tmp_path: Path) -> None:
    create(scope), create(scope, "u")
    before = files(tmp_path)
    put = [{"action": "set-properties", "updates": {"x": "1"}}]
    bad = [{"type": "assert-current-schema-id", "current-schema-id": 9}]
    changes = [
        {"identifier": {"namespace": ["db"], "name": "t"}, "requirements": [], "updates": put},
        {"identifier": {"namespace": ["db"], "name": "u"}, "requirements": bad, "updates": put},
    ]
    with pytest.raises(CommitFailed):
        commits.commit_many(scope, "lake", changes)
    assert property_of(scope) is None and files(tmp_path) == before


def test_a_transaction_folds_a_table_that_occurs_twice(scope: Scope, tmp_path: Path) -> None:
    create(scope)
    changes = [
        {
            "identifier": {"namespace": ["db"], "name": "t"},
            "requirements": [],
            "updates": [{"action": "set-properties", "updates": {"x": value}}],
        }
        for value in ("1", "2")
    ]
    commits.commit_many(scope, "lake", changes)
    loaded = orjson.loads(tables.load(scope, "lake", ["db"], "t").metadata)
    assert loaded["properties"]["x"] == "2"
    assert [Path(entry["metadata-file"]).name[:5] for entry in loaded["metadata-log"]] == ["00000"]
    assert len(files(tmp_path)) == 2


def test_one_transaction_may_write_several_refs(scope: Scope) -> None:
    create(scope)
    refs.create_branch(scope, "lake", "dev")
    changes = [
        {
            "identifier": {"namespace": ["db"], "name": name},
            "requirements": [],
            "updates": [{"action": "set-properties", "updates": {"x": name}}],
        }
        for name in ("t", "t@dev")
    ]
    commits.commit_many(scope, "lake", changes)
    assert (property_of(scope), property_of(scope, "lake@dev")) == ("t", "t@dev")


def test_a_tag_is_read_only(scope: Scope) -> None:
    create(scope)
    refs.create_tag(scope, "lake", "v1")
    for write in (
        lambda: set_property(scope, "1", "lake@v1"),
        lambda: create(scope, "u", "lake@v1"),
        lambda: tables.drop(scope, "lake@v1", ["db"], "t"),
        lambda: namespaces.drop(scope, "lake@v1", ["db"]),
        lambda: namespaces.create(scope, "lake@v1", ["x"], {}),
    ):
        with pytest.raises(BadRequest, match="read-only"):
            write()


def test_a_branch_and_its_source_do_not_see_each_other(scope: Scope) -> None:
    create(scope)
    refs.create_branch(scope, "lake", "dev")
    set_property(scope, "main")
    set_property(scope, "dev", "lake@dev")
    assert (property_of(scope), property_of(scope, "lake@dev")) == ("main", "dev")
    assert property_of(scope, name="t@dev") == "dev"


def test_an_at_sign_belongs_to_the_name_where_no_ref_has_it(scope: Scope) -> None:
    create(scope, "who@where")
    assert tables.list_names(scope, "lake", ["db"])[0] == ["who@where"]
    refs.create_branch(scope, "lake", "where")
    set_property(scope, "1", name="who@where")
    assert property_of(scope, name="who@where") == "1"


def test_rename_moves_between_namespaces_and_keeps_the_metadata(scope: Scope) -> None:
    create(scope)
    namespaces.create(scope, "lake", ["other"], {})
    before = tables.load(scope, "lake", ["db"], "t")
    tables.rename(scope, "lake", (["db"], "t"), (["other"], "u"))
    after = tables.load(scope, "lake", ["other"], "u")
    assert (after.location, after.etag) == (before.location, before.etag)
    with pytest.raises(NoSuchTable):
        tables.load(scope, "lake", ["db"], "t")


def test_rename_refuses_what_is_missing_or_taken(scope: Scope) -> None:
    create(scope), create(scope, "u")
    with pytest.raises(NoSuchTable):
        tables.rename(scope, "lake", (["db"], "nope"), (["db"], "x"))
    with pytest.raises(NoSuchNamespace):
        tables.rename(scope, "lake", (["db"], "t"), (["nope"], "x"))
    with pytest.raises(AlreadyExists):
        tables.rename(scope, "lake", (["db"], "t"), (["db"], "u"))
    tables.rename(scope, "lake", (["db"], "t"), (["db"], "t"))


def test_drop_refuses_a_namespace_with_tables(scope: Scope) -> None:
    create(scope)
    with pytest.raises(NamespaceNotEmpty, match="Namespace db is not empty"):
        namespaces.drop(scope, "lake", ["db"])


def test_unregister_answers_the_last_state_and_keeps_the_files(
    scope: Scope, tmp_path: Path
) -> None:
    create(scope)
    last = set_property(scope, "1")
    before = files(tmp_path)
    answer = tables.unregister(scope, "lake", ["db"], "t")
    assert answer.location == last.location and files(tmp_path) == before
    with pytest.raises(NoSuchTable):
        set_property(scope, "2")


def test_register_brings_a_dropped_table_back(scope: Scope) -> None:
    create(scope)
    location = set_property(scope, "1").location
    tables.drop(scope, "lake", ["db"], "t")
    creation.register(scope, "lake", ["db"], "back", location)
    assert property_of(scope, name="back") == "1"
    set_property(scope, "2", name="back")
    with pytest.raises(AlreadyExists):
        creation.register(scope, "lake", ["db"], "back", location)
    creation.register(scope, "lake", ["db"], "back", location, overwrite=True)
    assert property_of(scope, name="back") == "1"


def test_register_refuses_a_file_of_a_table_that_is_there(scope: Scope) -> None:
    create(scope)
    location = tables.load(scope, "lake", ["db"], "t").location
    assert location is not None
    with pytest.raises(BadRequest, match="another table"):
        creation.register(scope, "lake", ["db"], "copy", location)


def test_purge_spares_what_another_ref_shows(scope: Scope, tmp_path: Path) -> None:
    create(scope)
    refs.create_tag(scope, "lake", "v1")
    tables.drop(scope, "lake", ["db"], "t", purge=True)
    assert len(files(tmp_path)) == 1
    assert tables.load(scope, "lake@v1", ["db"], "t").location
    refs.delete_ref(scope, "lake", "v1", "tag")
    report = garbage_collection.collect(scope.runtime)
    assert (report.files, report.errors) == (1, [])
    assert files(tmp_path) == []


def test_gc_deletes_the_files_of_a_deleted_branch_only_if_asked(
    scope: Scope, tmp_path: Path
) -> None:
    refs.create_branch(scope, "lake", "dev")
    create(scope, "t", "lake@dev")
    refs.delete_ref(scope, "lake", "dev", "branch")
    assert garbage_collection.collect(scope.runtime, dry_run=True, files=True).entries == 2
    assert len(files(tmp_path)) == 1
    garbage_collection.collect(scope.runtime, files=True)
    assert files(tmp_path) == []


def test_old_metadata_goes_if_the_table_says_so_but_not_what_a_tag_shows(
    scope: Scope, tmp_path: Path
) -> None:
    properties = {
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    }
    create(scope, properties=properties)
    refs.create_tag(scope, "lake", "v1")
    for value in "1234":
        set_property(scope, value)
    assert [path.name[:5] for path in files(tmp_path)] == ["00000", "00003", "00004"]
    assert property_of(scope, "lake@v1") is None


def test_gc_clears_what_a_removed_catalog_left(scope: Scope) -> None:
    create(scope)
    refs.create_branch(scope, "lake", "dev")
    catalog = scope.store.get(CATALOG, ("lake",))
    assert catalog is not None
    scope.store.apply(Delete(CATALOG, ("lake",), catalog.version))
    assert garbage_collection.collect(scope.runtime).errors == []
    assert list(scope.store.scan(ASSET)) == list(scope.store.scan(NAMESPACE)) == []
