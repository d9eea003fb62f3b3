import copy
from typing import Any

import pytest

from pangolin.errors import ValidationFailed
from pangolin.iceberg.read import table_metadata, view_metadata
from pangolin.iceberg.view import new_view
from tests.iceberg import samples
from tests.iceberg.samples import NOW, Json, apply, schema, view_version

OLDEST = {
    "format-version": 1,
    "location": samples.LOCATION,
    "last-updated-ms": NOW,
    "last-column-id": 3,
    "schema": {"type": "struct", "fields": schema()["fields"]},
    "partition-spec": [{"name": "day", "transform": "day", "source-id": 2}],
    "current-snapshot-id": 5,
    "snapshots": [{"snapshot-id": 5, "timestamp-ms": NOW, "manifests": ["s3://bucket/m.avro"]}],
}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_we_wrote_reads_back_equal(version: int) -> None:
    rows = {"first-row-id": 0, "added-rows": 2} if version == 3 else {}
    number = {"sequence-number": 0} if version == 1 else {}
    spec = samples.spec(("day", "day", 2), ("b", "bucket[3]", 1))
    base = samples.table(
        version, **{"partition-spec": spec, "write-order": samples.order(("identity", 3))}
    )
    made = apply(base, samples.add_snapshot(1, **rows, **number), samples.set_ref(1))
    before = copy.deepcopy(made)
    assert table_metadata(made) == before
    assert made == before


def test_the_oldest_files_get_what_they_lack() -> None:
    read = table_metadata(OLDEST)
    assert read["schemas"] == [{**OLDEST["schema"], "schema-id": 0}]  # type: ignore[dict-item]
    assert read["partition-specs"][0]["fields"][0]["field-id"] == read["last-partition-id"] == 1000
    assert read["sort-orders"] == [{"order-id": 0, "fields": []}]
    assert read["refs"] == {"main": {"snapshot-id": 5, "type": "branch"}}
    assert read["current-schema-id"] == read["default-spec-id"] == 0
    for name in ("statistics", "partition-statistics", "snapshot-log", "metadata-log"):
        assert read[name] == []


def test_the_oldest_files_can_be_committed_to() -> None:
    upgrade = {"action": "upgrade-format-version", "format-version": 2}
    made = apply(OLDEST, upgrade, samples.add_snapshot(6, **{"parent-snapshot-id": 5}))
    assert made["refs"] == {"main": {"snapshot-id": 5, "type": "branch"}}
    assert table_metadata(made) == made


def test_partition_fields_without_a_number_are_numbered_in_order() -> None:
    fields = [
        {"name": "day", "transform": "day", "source-id": 2},
        {"name": "id", "transform": "identity", "source-id": 1},
    ]
    specs = {"partition-specs": [{"spec-id": 0, "fields": fields}], "default-spec-id": 0}
    read = table_metadata({**OLDEST, **specs})
    assert [f["field-id"] for f in read["partition-specs"][0]["fields"]] == [1000, 1001]
    assert read["last-partition-id"] == 1001


def test_a_file_without_refs_has_main_at_the_current_snapshot() -> None:
    document = samples.with_snapshots(1)
    del document["refs"]
    assert table_metadata(document)["refs"] == {"main": {"snapshot-id": 1, "type": "branch"}}


def test_minus_one_and_null_and_nothing_are_no_snapshot() -> None:
    for absent in ({"current-snapshot-id": -1}, {"current-snapshot-id": None}, {}):
        document = {**samples.table(), **absent}
        if not absent:
            del document["current-snapshot-id"]
        assert table_metadata(document)["current-snapshot-id"] == -1


def test_transforms_and_members_we_do_not_know_are_kept() -> None:
    document = samples.table(3)
    field = {"name": "z", "transform": "zorder[2]", "source-ids": [1, 2], "field-id": 1000}
    document["partition-specs"].append({"spec-id": 1, "fields": [field]})
    document["default-spec-id"] = 1
    document["engine"] = {"a": 1}
    read = table_metadata(document)
    assert read["partition-specs"][1]["fields"] == [field]
    assert read["engine"] == {"a": 1}
    assert apply(read, samples.add_snapshot(1, **{"first-row-id": 0, "added-rows": 0}))


def changed(**members: Any) -> Json:
    return {**samples.with_snapshots(1), **members}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the metadata must be an object"),
        ({}, "format-version must be an integer"),
        (changed(**{"format-version": 4}), "Cannot read unsupported version 4"),
        (changed(location=None), "location must be a string"),
        (changed(**{"table-uuid": "x"}), "table-uuid must be a uuid"),
        (changed(**{"table-uuid": None}), "UUID is required in format v2"),
        (changed(**{"last-updated-ms": "now"}), "last-updated-ms must be an integer"),
        (changed(schemas=None), "schemas must exist in format v2"),
        (changed(**{"sort-orders": None}), "sort-orders must exist in format v2"),
        (changed(**{"last-sequence-number": None}), "last-sequence-number must exist"),
        (changed(schemas=[]), "Schemas cannot be null or empty"),
        (changed(schemas=[{"fields": [{}]}]), r"schemas\[0\].fields\[0\].id must be an integer"),
        (changed(**{"current-schema-id": 9}), "current-schema-id is unknown: 9"),
        (changed(**{"default-spec-id": 9}), "default-spec-id is unknown: 9"),
        (changed(**{"default-sort-order-id": 9}), "default-sort-order-id is unknown: 9"),
        (changed(**{"partition-specs": [{}]}), r"partition-specs\[0\].fields must be an array"),
        (changed(snapshots=[{}]), r"snapshots\[0\].snapshot-id must be an integer"),
        (changed(snapshots=[samples.snapshot(1)] * 2), "snapshots uses an id more than once"),
        (changed(schemas=[schema(), schema()]), "schemas uses an id more than once"),
        (changed(snapshots=False), "snapshots must be an array"),
        (changed(refs=[]), "refs must be an object"),
        (changed(snapshots=[]), "Snapshot for reference main"),
        (changed(refs={"main": 1}), "refs.main must be an object"),
        (changed(**{"current-snapshot-id": -1}), "Current snapshot is not set, but main branch"),
        (changed(**{"last-sequence-number": 0}), "greater than last sequence number 0"),
        (changed(statistics=[{}]), r"statistics\[0\].snapshot-id must be an integer"),
        (changed(**{"metadata-log": [{}]}), r"metadata-log\[0\].timestamp-ms must be an integer"),
        (changed(properties={"a": 1}), "properties.a must be a string"),
        ({**OLDEST, "schema": None}, "schema must be an object"),
        ({**OLDEST, "last-sequence-number": 3}, "Sequence number must be 0 in v1"),
    ],
)
def test_a_file_that_is_wrong_names_the_member(document: Any, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        table_metadata(document)


def a_view() -> Json:
    request = {"schema": schema(), "view-version": view_version()}
    return new_view(request, location=samples.LOCATION, uuid=samples.UUID, now_ms=NOW)


def test_a_view_reads_back_equal() -> None:
    assert view_metadata({**a_view(), "engine": 1}) == {**a_view(), "engine": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"view-uuid": None}, "view-uuid must be a string"),
        ({"format-version": 2}, "Cannot read unsupported version 2"),
        ({"versions": []}, "current-version-id is unknown: 1"),
        ({"schemas": []}, r"versions\[0\].schema-id is unknown: 0"),
        ({"version-log": None}, "version-log must be an array"),
        ({"location": 1}, "location must be a string"),
    ],
)
def test_a_view_file_that_is_wrong_names_the_member(change: Json, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        view_metadata({**a_view(), **change})
