import pytest

from pangolin.errors import ValidationFailed
from pangolin.iceberg.directories import claimed, manifest_lists
from pangolin.iceberg.files import (
    expired_metadata_files,
    metadata_codec,
    next_metadata_location,
    referenced_files,
)
from pangolin.iceberg.refs_only import only_refs
from tests.iceberg import samples
from tests.iceberg.samples import LOCATION, UUID, Json


@pytest.mark.parametrize(
    ("previous", "number"),
    [
        (None, "00000"),
        (f"{LOCATION}/metadata/00000-{UUID}.metadata.json", "00001"),
        (f"{LOCATION}/meta-data/00041-{UUID}.gz.metadata.json", "00042"),
        (f"{LOCATION}/metadata/123456-{UUID}.metadata.json", "123457"),
        (f"{LOCATION}/metadata/v3.metadata.json", "00000"),
        (f"{LOCATION}/metadata/abc-def.metadata.json", "00000"),
        (f"{LOCATION}/metadata/99999999999-x.metadata.json", "00000"),
    ],
)
def test_metadata_files_are_numbered_on(previous: str | None, number: str) -> None:
    expected = f"{LOCATION}/metadata/{number}-{UUID}.metadata.json"
    assert next_metadata_location(samples.table(), previous, UUID) == expected


def test_metadata_files_go_where_the_property_says() -> None:
    table = samples.table(properties={"write.metadata.path": "s3://bucket/elsewhere/"})
    name = next_metadata_location(table, None, UUID)
    assert name == f"s3://bucket/elsewhere/00000-{UUID}.metadata.json"


@pytest.mark.parametrize(
    ("properties", "default", "ending"),
    [
        ({}, "none", f"{UUID}.metadata.json"),
        ({}, "gzip", f"{UUID}.gz.metadata.json"),
        ({"write.metadata.compression-codec": "GZIP"}, "none", f"{UUID}.gz.metadata.json"),
        ({"write.metadata.compression-codec": "none"}, "gzip", f"{UUID}.metadata.json"),
    ],
)
def test_the_codec_shows_in_the_name(properties: Json, default: str, ending: str) -> None:
    table = samples.table(properties=properties)
    assert next_metadata_location(table, None, UUID, default_codec=default).endswith(ending)


def test_an_unknown_codec_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="must be none or gzip, not zip"):
        metadata_codec({"write.metadata.compression-codec": "zip"}, "none")


def log(*files: str, **properties: str) -> Json:
    entries = [{"timestamp-ms": i, "metadata-file": file} for i, file in enumerate(files)]
    return {"metadata-log": entries, "properties": properties}


def test_files_that_left_the_log_are_expired_only_when_asked() -> None:
    asked = {"write.metadata.delete-after-commit.enabled": "True"}
    assert expired_metadata_files(log("a", "b"), log("b", "c", **asked)) == ["a"]
    assert expired_metadata_files(log("a", "b"), log("b", "c")) == []


def test_referenced_files_stand_in_the_metadata() -> None:
    document = samples.with_snapshots(1, 2)
    document["snapshots"].append({"snapshot-id": 3, "manifests": ["m1", "m2", "m1"]})
    document["statistics"] = [{"statistics-path": "s"}]
    document["partition-statistics"] = [{"statistics-path": "p"}]
    files = referenced_files(document)
    assert files.manifest_lists == [
        f"{LOCATION}/metadata/snap-1.avro",
        f"{LOCATION}/metadata/snap-2.avro",
    ]
    assert files.manifests == ["m1", "m2"]
    assert files.metadata_files == [samples.FILE]
    assert (files.statistics, files.partition_statistics) == (["s"], ["p"])


def test_refs_mode_shows_only_snapshots_a_ref_names() -> None:
    document = samples.apply(samples.with_snapshots(1, 2, 3), samples.set_ref(1, "v1", type="tag"))
    shown = only_refs(document)
    assert [s["snapshot-id"] for s in shown["snapshots"]] == [1, 3]
    assert {**shown, "snapshots": document["snapshots"]} == document


def test_refs_mode_of_a_file_without_refs_shows_the_current_snapshot() -> None:
    document = samples.with_snapshots(1, 2)
    del document["refs"]
    assert [s["snapshot-id"] for s in only_refs(document)["snapshots"]] == [2]


def test_every_place_a_table_writes_to_is_claimed() -> None:
    properties = {
        "write.data.path": "s3://b/data",
        "write.metadata.path": "s3://b/meta",
        "write.object-storage.path": "s3://b/obj",
        "write.folder-storage.path": "s3://b/folder",
    }
    places = claimed(samples.table(properties=properties))
    named = [(f"properties.{name}", place) for name, place in properties.items()]
    assert places == [("location", LOCATION), *named]


def test_manifest_lists_are_named_by_snapshot() -> None:
    old = {"snapshot-id": 2, "manifests": ["s3://b/m.avro"]}
    assert manifest_lists([samples.snapshot(1), old]) == [
        ("snapshot 1 manifest-list", f"{LOCATION}/metadata/snap-1.avro"),
        ("snapshot 2 manifests", "s3://b/m.avro"),
    ]
