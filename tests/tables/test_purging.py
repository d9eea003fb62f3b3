"""Purge and gc never take a file that any ref can still read."""

from pathlib import Path
from typing import Any

import fastavro
import orjson
import pytest

from pangolin.services.branches import refs
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.services.storage.byte_cache import METADATA
from pangolin.services.tables import commits, tables
from tests.worlds.one_catalog import create

MANIFEST = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [
        {"name": "status", "type": "int"},
        {
            "name": "data_file",
            "type": {
                "type": "record",
                "name": "r2",
                "fields": [{"name": "file_path", "type": "string"}],
            },
        },
    ],
}
MANIFEST_LIST = {
    "type": "record",
    "name": "manifest_file",
    "fields": [{"name": "manifest_path", "type": "string"}],
}


def write(path: str, schema: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    target = Path(path.removeprefix("file://"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        fastavro.writer(out, fastavro.parse_schema(schema), rows)
    return path


def append(ctx: Context, prefix: str, number: int) -> Path:
    """Append a snapshot of one data file; answer where the file is."""
    metadata = orjson.loads(tables.load(ctx, prefix, ["db"], "t").metadata)
    base = metadata["location"]
    data = f"{base}/data/{number}.parquet"
    Path(data.removeprefix("file://")).parent.mkdir(parents=True, exist_ok=True)
    Path(data.removeprefix("file://")).write_bytes(b"PAR1")
    entry = {"status": 1, "data_file": {"file_path": data}}
    manifest = write(f"{base}/metadata/m{number}.avro", MANIFEST, [entry])
    listed = write(f"{base}/metadata/s{number}.avro", MANIFEST_LIST, [{"manifest_path": manifest}])
    snapshot = {
        "snapshot-id": number,
        "sequence-number": metadata["last-sequence-number"] + 1,
        "timestamp-ms": metadata["last-updated-ms"] + 1,
        "manifest-list": listed,
        "summary": {"operation": "append"},
        "schema-id": 0,
    }
    ref = {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch"}
    add: dict[str, Any] = {"action": "add-snapshot", "snapshot": snapshot}
    updates = [add, ref | {"snapshot-id": number}]
    commits.commit(ctx, prefix, ["db"], "t", [], updates)
    return Path(data.removeprefix("file://"))


def keep_after_fork(ctx: Context) -> None:
    updates = [{"action": "set-properties", "updates": {"gc.enabled": "false"}}]
    commits.commit(ctx, "lake", ["db"], "t", [], updates)


def move_after_fork(ctx: Context) -> None:
    location = orjson.loads(tables.load(ctx, "lake", ["db"], "t").metadata)["location"]
    updates = [{"action": "set-location", "location": f"{location}-moved"}]
    commits.commit(ctx, "lake", ["db"], "t", [], updates)


@pytest.mark.parametrize("change", [keep_after_fork, move_after_fork])
@pytest.mark.parametrize("purged", [True, False])
def test_what_main_reads_outlives_a_branch(ctx: Context, change: Any, purged: bool) -> None:
    create(ctx)
    shared = append(ctx, "lake", 1)
    refs.create_branch(ctx, "lake", "dev")
    change(ctx)
    own = append(ctx, "lake@dev", 2)
    if purged:
        tables.drop(ctx, "lake@dev", ["db"], "t", purge=True)
    refs.delete_ref(ctx, "lake", "dev", "branch")
    assert garbage_collection.collect(ctx.runtime, files=True).errors == []
    assert shared.exists() and not own.exists()


def test_a_purge_takes_every_file_when_nothing_else_reads_them(
    ctx: Context, tmp_path: Path
) -> None:
    create(ctx)
    append(ctx, "lake", 1)
    append(ctx, "lake", 2)
    tables.drop(ctx, "lake", ["db"], "t", purge=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_nothing_is_purged_while_a_live_tables_manifest_cannot_be_read(
    ctx: Context, tmp_path: Path
) -> None:
    create(ctx)
    shared = append(ctx, "lake", 1)
    refs.create_branch(ctx, "lake", "dev")
    own = append(ctx, "lake@dev", 2)
    next(tmp_path.rglob("m1.avro")).unlink()
    tables.drop(ctx, "lake@dev", ["db"], "t", purge=True)
    assert shared.exists() and own.exists()
    report = garbage_collection.collect(ctx.runtime)
    assert "nothing is purged" in report.errors[0]
    assert shared.exists() and own.exists()


def test_a_purge_that_waits_for_another_ref_is_repeated_without_a_warning(
    ctx: Context, caplog: pytest.LogCaptureFixture
) -> None:
    create(ctx)
    refs.create_branch(ctx, "lake", "dev")
    append(ctx, "lake@dev", 1)
    refs.delete_ref(ctx, "lake", "dev", "branch")
    deleted = [garbage_collection.collect(ctx.runtime, files=True).files for _ in range(2)]
    assert deleted[0] > 0 and deleted[1] == 0 and caplog.messages == []


def test_a_purge_that_cannot_list_what_to_delete_warns(
    ctx: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    create(ctx)
    for path in list(tmp_path.rglob("*.metadata.json*")):
        path.unlink()
    ctx.runtime.part(METADATA).clear()
    tables.drop(ctx, "lake", ["db"], "t", purge=True)
    assert "cannot list the files of" in caplog.text
