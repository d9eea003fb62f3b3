"""Format versions, and the metadata files of a table as they are in storage."""

import gzip
import json

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import BadRequestError
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, TimestampNanoType

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_a_table_of_each_version_is_written_and_read(
    catalog: RestCatalog, lake: Lake, namespace: str, version: str
) -> None:
    table = catalog.create_table((namespace, "t"), ARROW, properties={"format-version": version})
    assert table.format_version == int(version)
    assert "format-version" not in table.properties
    stored = json.loads(lake.read(table.metadata_location))
    assert stored["format-version"] == int(version)
    if version == "3":
        # PyIceberg 0.12 reads v3 but does not write manifests of it.
        assert stored["next-row-id"] == 0
        return
    table.append(people(1, 2))
    table.overwrite(people(3))
    found = catalog.load_table((namespace, "t"))
    assert ids(found) == [3]
    assert [each.sequence_number or 0 for each in found.snapshots()] == (
        [0, 0, 0] if version == "1" else [1, 2, 3]
    )


def test_a_table_is_upgraded_and_never_downgraded(catalog: RestCatalog, namespace: str) -> None:
    table = catalog.create_table((namespace, "t"), ARROW, properties={"format-version": "1"})
    table.append(people(1))
    with table.transaction() as transaction:
        transaction.upgrade_table_version(2)
    found = catalog.load_table((namespace, "t"))
    assert found.format_version == 2
    found.append(people(2))
    found = catalog.load_table((namespace, "t"))
    assert ids(found) == [1, 2]
    # The snapshot of before the upgrade has sequence number 0, the next starts at 1.
    assert [each.sequence_number or 0 for each in found.snapshots()] == [0, 1]


@pytest.mark.parametrize("version", ["0", "5", "x"])
def test_an_unknown_version_is_refused(catalog: RestCatalog, namespace: str, version: str) -> None:
    with pytest.raises((BadRequestError, ValueError)):
        catalog.create_table((namespace, "t"), ARROW, properties={"format-version": version})
    assert catalog.list_tables(namespace) == []


def test_a_type_of_version_three_needs_version_three(catalog: RestCatalog, namespace: str) -> None:
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "at", TimestampNanoType()))
    with pytest.raises(BadRequestError, match="timestamp_ns is not supported until v3"):
        catalog.create_table((namespace, "t"), schema)
    made = catalog.create_table((namespace, "t"), schema, properties={"format-version": "3"})
    assert catalog.load_table((namespace, "t")).schema() == made.schema()


def test_metadata_is_compressed_when_asked(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    asked = {"write.metadata.compression-codec": "gzip"}
    table = catalog.create_table((namespace, "t"), ARROW, properties=asked)
    table.append(people(1))
    assert table.metadata_location.endswith(".gz.metadata.json")
    stored = json.loads(gzip.decompress(lake.read(table.metadata_location)))
    assert stored["table-uuid"] == str(table.metadata.table_uuid)
    with table.transaction() as transaction:
        transaction.set_properties({"write.metadata.compression-codec": "none"})
    assert json.loads(lake.read(table.metadata_location))["metadata-log"][-1][
        "metadata-file"
    ].endswith(".gz.metadata.json")
    assert ids(catalog.load_table((namespace, "t"))) == [1]


def test_the_answer_is_what_is_stored(catalog: RestCatalog, lake: Lake, namespace: str) -> None:
    table = catalog.create_table((namespace, "t"), ARROW)
    for number in range(3):
        table.append(people(number))
        stored = json.loads(lake.read(table.metadata_location))
        assert type(table.metadata).model_validate(stored) == table.metadata


def test_old_metadata_files_are_deleted_when_asked(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    asked = {
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "2",
    }
    table = catalog.create_table((namespace, "t"), ARROW, properties=asked)
    for number in range(5):
        table.append(people(number))
    left = [path for path in lake.files(table.location()) if path.endswith(".metadata.json")]
    assert [path.split("/")[1][:5] for path in left] == ["00003", "00004", "00005"]
    assert ids(catalog.load_table((namespace, "t"))) == [0, 1, 2, 3, 4]


def test_metadata_and_data_go_where_the_properties_say(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    root = f"{lake.server.get('catalogs', lake.name)['storage_location']}/{namespace}"
    asked = {"write.metadata.path": f"{root}/meta", "write.data.path": f"{root}/rows"}
    table = catalog.create_table((namespace, "t"), ARROW, properties=asked)
    table.append(people(1))
    assert table.metadata_location.startswith(f"{root}/meta/00001-")
    assert any(path.endswith(".parquet") for path in lake.files(f"{root}/rows"))
    catalog.purge_table((namespace, "t"))
    assert lake.files(f"{root}/meta") == lake.files(f"{root}/rows") == []


@pytest.mark.parametrize("key", ["write.metadata.path", "write.data.path"])
def test_a_path_outside_the_catalog_is_refused(
    catalog: RestCatalog, namespace: str, key: str
) -> None:
    table = catalog.create_table((namespace, "t"), ARROW)
    with pytest.raises(BadRequestError, match=key), table.transaction() as transaction:
        transaction.set_properties({key: "file:///tmp/elsewhere"})
    other = catalog.create_table((namespace, "u"), ARROW)
    with pytest.raises(BadRequestError, match=key), table.transaction() as transaction:
        transaction.set_properties({key: f"{other.location()}/data"})
