from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.table import Table

from pangolin.errors import Forbidden, NotFound, Unavailable
from pangolin.services.storage.manifests import data_files

ROWS = pa.table({"id": [1, 2, 3, 4], "part": ["a", "a", "b/c", "b/c"]})


def read(location: str) -> bytes:
    try:
        return Path(location.removeprefix("file://")).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no object at {location}") from None


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with InMemoryCatalog("test", warehouse=f"file://{tmp_path}/warehouse") as catalog:
        catalog.create_namespace("ns")
        yield catalog


def written(catalog: Catalog, version: int) -> Table:
    properties = {"format-version": str(version), "commit.manifest-merge.enabled": "false"}
    table = catalog.create_table("ns.t", ROWS.schema, properties=properties)
    table.append(ROWS)
    with table.update_spec() as spec:
        spec.add_identity("part")
    table.append(ROWS)
    table.delete("id = 1")
    table.delete("part = 'b/c'")
    table.overwrite(ROWS)
    return table


def lists_of(table: Table) -> list[str]:
    return [snapshot.manifest_list for snapshot in table.metadata.snapshots]


def on_disk(table: Table, pattern: str) -> set[str]:
    directory = Path(table.location().removeprefix("file://"))
    return {f"file://{path}" for path in directory.rglob(pattern)}


@pytest.mark.parametrize("version", [1, 2])
def test_everything_a_table_wrote_is_found_once(catalog: Catalog, version: int) -> None:
    table = written(catalog, version)
    found = list(data_files(read, lists_of(table)))
    lists = {f"file://{location.removeprefix('file://')}" for location in lists_of(table)}
    assert len(found) == len(set(found))
    assert {path for kind, path in found if kind == "file"} == on_disk(table, "*.parquet")
    manifests = {path for kind, path in found if kind == "manifest"}
    assert manifests == on_disk(table, "*.avro") - lists


def test_deleted_entries_are_found_in_the_newest_snapshot_alone(catalog: Catalog) -> None:
    table = catalog.create_table("ns.t", ROWS.schema)
    table.append(ROWS)
    table.delete("id > 0")
    files = [path for kind, path in data_files(read, lists_of(table)[-1:]) if kind == "file"]
    assert set(files) == on_disk(table, "*.parquet")
    assert len(files) == 1


def test_a_missing_manifest_is_reported_and_the_walk_goes_on(catalog: Catalog) -> None:
    table = written(catalog, 2)
    lost = next(path for kind, path in data_files(read, lists_of(table)) if kind == "manifest")
    Path(lost.removeprefix("file://")).unlink()
    missing: list[str] = []
    found = list(
        data_files(read, lists_of(table), on_missing=lambda path, reason: missing.append(path))
    )
    assert missing == [lost]
    assert ("manifest", lost) in found
    assert len([path for kind, path in found if kind == "file"]) > 0


@pytest.mark.parametrize("damage", [b"", b"Obj\x01", b"no avro at all", None])
def test_a_damaged_manifest_list_is_reported(catalog: Catalog, damage: bytes | None) -> None:
    table = written(catalog, 2)
    location = lists_of(table)[0]
    content = read(location)
    path = Path(location.removeprefix("file://"))
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    reasons: dict[str, str] = {}
    list(data_files(read, [location], on_missing=reasons.__setitem__))
    assert list(reasons) == [location]
    assert reasons[location].startswith("not readable as Avro")


def test_a_manifest_outside_of_the_warehouse_is_reported() -> None:
    def refuse(location: str) -> bytes:
        raise Forbidden(f"{location} is outside")

    reasons: dict[str, str] = {}
    assert list(data_files(refuse, ["s3://other/list.avro"], on_missing=reasons.__setitem__)) == []
    assert reasons == {"s3://other/list.avro": "s3://other/list.avro is outside"}


def test_a_store_that_is_away_ends_the_walk() -> None:
    def away(location: str) -> bytes:
        raise Unavailable("time-out")

    with pytest.raises(Unavailable):
        list(data_files(away, ["s3://bucket/list.avro"]))


def test_manifests_named_in_v1_metadata_are_walked_too(catalog: Catalog) -> None:
    table = written(catalog, 1)
    found = list(data_files(read, lists_of(table)))
    inline = [path for kind, path in found if kind == "manifest"]
    assert set(data_files(read, [], inline)) == set(found)


def test_a_v3_puffin_file_with_many_deletion_vectors_is_found_once() -> None:
    entries = [("s3://b/t/dv.puffin", offset) for offset in (4, 90, 300)]
    files = {"s3://b/t/m.avro": a_delete_manifest([*entries, ("s3://b/t/eq.parquet", None)])}
    assert list(data_files(files.__getitem__, [], ["s3://b/t/m.avro"])) == [
        ("manifest", "s3://b/t/m.avro"),
        ("file", "s3://b/t/dv.puffin"),
        ("file", "s3://b/t/eq.parquet"),
    ]


def a_delete_manifest(entries: list[tuple[str, int | None]]) -> bytes:
    data_file = {
        "type": "record",
        "name": "r2",
        "fields": [
            {"name": "content", "type": "int", "field-id": 134},
            {"name": "file_path", "type": "string", "field-id": 100},
            {"name": "first_row_id", "type": ["null", "long"], "field-id": 142, "default": None},
            {"name": "content_offset", "type": ["null", "long"], "field-id": 144},
        ],
    }
    fields = [
        {"name": "status", "type": "int", "field-id": 0},
        {"name": "data_file", "type": data_file, "field-id": 2},
    ]
    records: list[Any] = [
        {"status": 1, "data_file": {"content": 1, "file_path": path, "content_offset": offset}}
        for path, offset in entries
    ]
    out = BytesIO()
    fastavro.writer(out, {"type": "record", "name": "manifest_entry", "fields": fields}, records)
    return out.getvalue()
