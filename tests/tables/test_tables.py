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
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.services.tables import commits, creation, tables
from pangolin.services.versioned.relations import VIEWS
from pangolin.store.api import Delete
from pangolin.store.kinds import ASSET, CATALOG, NAMESPACE
from tests.samples import SCHEMA, view_version
from tests.worlds.one_catalog import create, files, property_of, set_property

VERSION = view_version("db")


def test_default_locations_are_unique(ctx: Context) -> None:
    first = create(ctx)["location"]
    tables.drop(ctx, "lake", ["db"], "t")
    assert create(ctx)["location"] != first


def test_create_refuses_a_missing_namespace(ctx: Context) -> None:
    with pytest.raises(NoSuchNamespace, match="Namespace does not exist: nope"):
        creation.create(ctx, "lake", ["nope"], {"name": "t", "schema": SCHEMA})


def test_create_refuses_a_taken_name(ctx: Context) -> None:
    create(ctx)
    with pytest.raises(AlreadyExists, match=r"Table already exists: db\.t"):
        create(ctx)


def test_a_view_and_a_table_share_one_name(ctx: Context) -> None:
    create(ctx)
    view = {"name": "t", "schema": SCHEMA, "view-version": VERSION, "properties": {}}
    with pytest.raises(AlreadyExists, match=r"Table with same name already exists: db\.t"):
        creation.create(ctx, "lake", ["db"], view, VIEWS)
    with pytest.raises(NoSuchView):
        tables.load(ctx, "lake", ["db"], "t", VIEWS)


def test_a_staged_table_is_not_stored_and_writes_no_file(ctx: Context, tmp_path: Path) -> None:
    staged = creation.create(
        ctx, "lake", ["db"], {"name": "t", "schema": SCHEMA, "stage-create": True}
    )
    assert staged.location is None and staged.etag is None
    assert files(tmp_path) == []
    with pytest.raises(NoSuchTable):
        tables.load(ctx, "lake", ["db"], "t")


@pytest.mark.parametrize(
    "field", ["location", "write.data.path", "write.metadata.path", "write.object-storage.path"]
)
@pytest.mark.parametrize("stage", [True, False])
def test_locations_outside_the_catalog_are_refused(ctx: Context, field: str, stage: bool) -> None:
    elsewhere = "file:///elsewhere/x"
    more: dict[str, Any] = {"stage-create": stage, "properties": {field: elsewhere}}
    if field == "location":
        more = {"stage-create": stage, "location": elsewhere}
    with pytest.raises(BadRequest, match=field):
        create(ctx, **more)


@pytest.mark.parametrize(
    "field", ["write.data.path", "write.metadata.path", "write.object-storage.path"]
)
def test_a_commit_that_moves_files_outside_is_refused(
    ctx: Context, tmp_path: Path, field: str
) -> None:
    create(ctx)
    before = files(tmp_path)
    updates = [{"action": "set-properties", "updates": {field: f"file://{tmp_path}/other"}}]
    with pytest.raises(BadRequest, match=field):
        commits.commit(ctx, "lake", ["db"], "t", [], updates)
    assert files(tmp_path) == before


def test_a_set_location_outside_is_refused(ctx: Context, tmp_path: Path) -> None:
    create(ctx)
    updates = [{"action": "set-location", "location": f"file://{tmp_path}/other"}]
    with pytest.raises(BadRequest, match="location"):
        commits.commit(ctx, "lake", ["db"], "t", [], updates)


@pytest.mark.parametrize("place", ["{t}", "{t}/inner", "{t}/../x", "{parent}", "{t}//"])
def test_no_table_points_into_another_tables_directory(ctx: Context, place: str) -> None:
    location = create(ctx)["location"]
    chosen = place.format(t=location, parent=location.rpartition("/")[0])
    if place == "{parent}":
        chosen = location.rpartition("/")[0]
    with pytest.raises(BadRequest):
        create(ctx, "u", location=chosen)


def test_a_neighbour_with_a_longer_name_is_no_overlap(ctx: Context) -> None:
    location = create(ctx)["location"]
    assert create(ctx, "u", location=f"{location}2")["location"] == f"{location}2"


def test_a_dropped_tables_directory_may_be_used_again(ctx: Context) -> None:
    location = create(ctx)["location"]
    tables.drop(ctx, "lake", ["db"], "t")
    assert create(ctx, "u", location=location)["location"] == location


def test_a_directory_that_a_tag_still_shows_is_not_free(ctx: Context) -> None:
    location = create(ctx)["location"]
    refs.create_tag(ctx, "lake", "v1")
    tables.drop(ctx, "lake", ["db"], "t")
    with pytest.raises(BadRequest, match="another table"):
        create(ctx, "u", location=location)


def test_a_manifest_list_in_another_tables_directory_is_refused(ctx: Context) -> None:
    other = create(ctx, "other")["location"]
    create(ctx)
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
        commits.commit(ctx, "lake", ["db"], "t", [], updates)


def test_a_commit_that_changes_nothing_writes_nothing(ctx: Context, tmp_path: Path) -> None:
    create(ctx)
    before = files(tmp_path)
    answer = commits.commit(ctx, "lake", ["db"], "t", [], [])
    assert files(tmp_path) == before
    assert answer.location == tables.load(ctx, "lake", ["db"], "t").location


def test_a_failed_requirement_leaves_no_file(ctx: Context, tmp_path: Path) -> None:
    create(ctx)
    before = files(tmp_path)
    wrong = [{"type": "assert-table-uuid", "uuid": "00000000-0000-0000-0000-000000000000"}]
    with pytest.raises(CommitFailed, match="UUID does not match"):
        commits.commit(ctx, "lake", ["db"], "t", wrong, [])
    assert files(tmp_path) == before


def test_a_transaction_is_all_or_nothing(ctx: Context, tmp_path: Path) -> None:
    create(ctx), create(ctx, "u")
    before = files(tmp_path)
    put = [{"action": "set-properties", "updates": {"x": "1"}}]
    bad = [{"type": "assert-current-schema-id", "current-schema-id": 9}]
    changes = [
        {"identifier": {"namespace": ["db"], "name": "t"}, "requirements": [], "updates": put},
        {"identifier": {"namespace": ["db"], "name": "u"}, "requirements": bad, "updates": put},
    ]
    with pytest.raises(CommitFailed):
        commits.commit_many(ctx, "lake", changes)
    assert property_of(ctx) is None and files(tmp_path) == before


def test_a_transaction_folds_a_table_that_occurs_twice(ctx: Context, tmp_path: Path) -> None:
    create(ctx)
    changes = [
        {
            "identifier": {"namespace": ["db"], "name": "t"},
            "requirements": [],
            "updates": [{"action": "set-properties", "updates": {"x": value}}],
        }
        for value in ("1", "2")
    ]
    commits.commit_many(ctx, "lake", changes)
    loaded = orjson.loads(tables.load(ctx, "lake", ["db"], "t").metadata)
    assert loaded["properties"]["x"] == "2"
    assert [Path(entry["metadata-file"]).name[:5] for entry in loaded["metadata-log"]] == ["00000"]
    assert len(files(tmp_path)) == 2


def test_one_transaction_may_write_several_refs(ctx: Context) -> None:
    create(ctx)
    refs.create_branch(ctx, "lake", "dev")
    changes = [
        {
            "identifier": {"namespace": ["db"], "name": name},
            "requirements": [],
            "updates": [{"action": "set-properties", "updates": {"x": name}}],
        }
        for name in ("t", "t@dev")
    ]
    commits.commit_many(ctx, "lake", changes)
    assert (property_of(ctx), property_of(ctx, "lake@dev")) == ("t", "t@dev")


def test_a_tag_is_read_only(ctx: Context) -> None:
    create(ctx)
    refs.create_tag(ctx, "lake", "v1")
    for write in (
        lambda: set_property(ctx, "1", "lake@v1"),
        lambda: create(ctx, "u", "lake@v1"),
        lambda: tables.drop(ctx, "lake@v1", ["db"], "t"),
        lambda: namespaces.drop(ctx, "lake@v1", ["db"]),
        lambda: namespaces.create(ctx, "lake@v1", ["x"], {}),
    ):
        with pytest.raises(BadRequest, match="read-only"):
            write()


def test_a_branch_and_its_source_do_not_see_each_other(ctx: Context) -> None:
    create(ctx)
    refs.create_branch(ctx, "lake", "dev")
    set_property(ctx, "main")
    set_property(ctx, "dev", "lake@dev")
    assert (property_of(ctx), property_of(ctx, "lake@dev")) == ("main", "dev")
    assert property_of(ctx, name="t@dev") == "dev"


def test_an_at_sign_belongs_to_the_name_where_no_ref_has_it(ctx: Context) -> None:
    create(ctx, "who@where")
    assert tables.list_names(ctx, "lake", ["db"])[0] == ["who@where"]
    refs.create_branch(ctx, "lake", "where")
    set_property(ctx, "1", name="who@where")
    assert property_of(ctx, name="who@where") == "1"


def test_rename_moves_between_namespaces_and_keeps_the_metadata(ctx: Context) -> None:
    create(ctx)
    namespaces.create(ctx, "lake", ["other"], {})
    before = tables.load(ctx, "lake", ["db"], "t")
    tables.rename(ctx, "lake", (["db"], "t"), (["other"], "u"))
    after = tables.load(ctx, "lake", ["other"], "u")
    assert (after.location, after.etag) == (before.location, before.etag)
    with pytest.raises(NoSuchTable):
        tables.load(ctx, "lake", ["db"], "t")


def test_rename_refuses_what_is_missing_or_taken(ctx: Context) -> None:
    create(ctx), create(ctx, "u")
    with pytest.raises(NoSuchTable):
        tables.rename(ctx, "lake", (["db"], "nope"), (["db"], "x"))
    with pytest.raises(NoSuchNamespace):
        tables.rename(ctx, "lake", (["db"], "t"), (["nope"], "x"))
    with pytest.raises(AlreadyExists):
        tables.rename(ctx, "lake", (["db"], "t"), (["db"], "u"))
    tables.rename(ctx, "lake", (["db"], "t"), (["db"], "t"))


def test_drop_refuses_a_namespace_with_tables(ctx: Context) -> None:
    create(ctx)
    with pytest.raises(NamespaceNotEmpty, match="Namespace db is not empty"):
        namespaces.drop(ctx, "lake", ["db"])


def test_unregister_answers_the_last_state_and_keeps_the_files(
    ctx: Context, tmp_path: Path
) -> None:
    create(ctx)
    last = set_property(ctx, "1")
    before = files(tmp_path)
    answer = tables.unregister(ctx, "lake", ["db"], "t")
    assert answer.location == last.location and files(tmp_path) == before
    with pytest.raises(NoSuchTable):
        set_property(ctx, "2")


def test_register_brings_a_dropped_table_back(ctx: Context) -> None:
    create(ctx)
    location = set_property(ctx, "1").location
    tables.drop(ctx, "lake", ["db"], "t")
    creation.register(ctx, "lake", ["db"], "back", location)
    assert property_of(ctx, name="back") == "1"
    set_property(ctx, "2", name="back")
    with pytest.raises(AlreadyExists):
        creation.register(ctx, "lake", ["db"], "back", location)
    creation.register(ctx, "lake", ["db"], "back", location, overwrite=True)
    assert property_of(ctx, name="back") == "1"


def test_register_refuses_a_file_of_a_table_that_is_there(ctx: Context) -> None:
    create(ctx)
    location = tables.load(ctx, "lake", ["db"], "t").location
    assert location is not None
    with pytest.raises(BadRequest, match="another table"):
        creation.register(ctx, "lake", ["db"], "copy", location)


def test_purge_spares_what_another_ref_shows(ctx: Context, tmp_path: Path) -> None:
    create(ctx)
    refs.create_tag(ctx, "lake", "v1")
    tables.drop(ctx, "lake", ["db"], "t", purge=True)
    assert len(files(tmp_path)) == 1
    assert tables.load(ctx, "lake@v1", ["db"], "t").location
    refs.delete_ref(ctx, "lake", "v1", "tag")
    report = garbage_collection.collect(ctx.runtime)
    assert (report.files, report.errors) == (1, [])
    assert files(tmp_path) == []


def test_gc_deletes_the_files_of_a_deleted_branch_only_if_asked(
    ctx: Context, tmp_path: Path
) -> None:
    refs.create_branch(ctx, "lake", "dev")
    create(ctx, "t", "lake@dev")
    refs.delete_ref(ctx, "lake", "dev", "branch")
    assert garbage_collection.collect(ctx.runtime, dry_run=True, files=True).entries == 2
    assert len(files(tmp_path)) == 1
    garbage_collection.collect(ctx.runtime, files=True)
    assert files(tmp_path) == []


def test_old_metadata_goes_if_the_table_says_so_but_not_what_a_tag_shows(
    ctx: Context, tmp_path: Path
) -> None:
    properties = {
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    }
    create(ctx, properties=properties)
    refs.create_tag(ctx, "lake", "v1")
    for value in "1234":
        set_property(ctx, value)
    assert [path.name[:5] for path in files(tmp_path)] == ["00000", "00003", "00004"]
    assert property_of(ctx, "lake@v1") is None


def test_gc_clears_what_a_removed_catalog_left(ctx: Context) -> None:
    create(ctx)
    refs.create_branch(ctx, "lake", "dev")
    catalog = ctx.store.get(CATALOG, ("lake",))
    assert catalog is not None
    ctx.store.apply(Delete(CATALOG, ("lake",), catalog.version))
    assert garbage_collection.collect(ctx.runtime).errors == []
    assert list(ctx.store.scan(ASSET)) == []
    assert list(ctx.store.scan(NAMESPACE)) == []
