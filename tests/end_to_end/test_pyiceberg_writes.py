"""Rows that PyIceberg writes, changes and deletes are there for the next reader."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people, reload, rows

pytestmark = pytest.mark.end_to_end

EVERY_TYPE = {
    "flag": (pa.bool_(), True),
    "small": (pa.int32(), -(2**31)),
    "big": (pa.int64(), 2**63 - 1),
    "half": (pa.float32(), 0.5),
    "tenth": (pa.float64(), 0.1),
    "price": (pa.decimal128(38, 9), Decimal("12345678901234567890.123456789")),
    "day": (pa.date32(), date(1969, 12, 31)),
    "hour": (pa.time64("us"), time(23, 59, 59, 999999)),
    "local": (pa.timestamp("us"), datetime(2024, 2, 29, 12, 0, 0, 1)),
    "instant": (pa.timestamp("us", tz="UTC"), datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)),
    "text": (pa.string(), "naïve 😀 \x00 '\""),
    "key": (pa.uuid(), UUID("12345678-1234-5678-1234-567812345678")),
    "code": (pa.binary(4), b"\x00\x01\xfe\xff"),
    "blob": (pa.binary(), b"\x00" * 300),
    "tags": (pa.list_(pa.string()), ["a", None, ""]),
    "pairs": (pa.map_(pa.string(), pa.int32()), [("a", 1), ("b", None)]),
    "place": (pa.struct([("x", pa.int32()), ("y", pa.string())]), {"x": 1, "y": None}),
}


@pytest.fixture
def table(catalog: RestCatalog, namespace: str) -> Table:
    """A table of people 1 to 3, which another client loaded before."""
    made: Table = catalog.create_table(f"{namespace}.t", ARROW)
    made.append(people(1, 2, 3))
    return made


def test_a_value_of_every_type_is_read_back(catalog: RestCatalog, namespace: str) -> None:
    schema = pa.schema([(name, kind) for name, (kind, _) in EVERY_TYPE.items()])
    full = {name: value for name, (_, value) in EVERY_TYPE.items()}
    empty = dict.fromkeys(EVERY_TYPE)
    table = catalog.create_table(f"{namespace}.t", schema)
    table.append(pa.Table.from_pylist([full, empty], schema=schema))
    found = reload(table).scan().to_arrow().to_pylist()
    assert found == [full, empty]


def test_appends_add_up(table: Table) -> None:
    for number in range(4, 9):
        reload(table).append(people(number))
    found = reload(table)
    assert ids(found) == list(range(1, 9))
    assert [entry.snapshot_id for entry in found.history()] == [
        snapshot.snapshot_id for snapshot in found.snapshots()
    ]
    assert [snapshot.sequence_number for snapshot in found.snapshots()] == list(range(1, 7))
    assert found.current_snapshot() == table.refresh().current_snapshot()


def test_the_files_are_in_the_table_s_directory(lake: Lake, table: Table) -> None:
    found = lake.files(table.location())
    assert [path.partition("/")[0] for path in found].count("data") == 1
    assert len([path for path in found if path.endswith(".metadata.json")]) == 2
    assert len([path for path in found if path.endswith(".avro")]) == 2


def test_an_overwrite_with_a_filter_replaces_what_it_names(table: Table) -> None:
    table.overwrite(people(7, name="new"), overwrite_filter="id >= 2")
    assert rows(reload(table)) == [(1, "n1"), (7, "new7")]


def test_an_overwrite_replaces_everything(table: Table) -> None:
    table.overwrite(people(9))
    assert ids(reload(table)) == [9]


def test_delete_removes_what_it_names(table: Table) -> None:
    table.delete("id = 2")
    assert ids(reload(table)) == [1, 3]
    table.delete("id in (1, 3)")
    assert ids(reload(table)) == []


def test_upsert_changes_known_rows_and_adds_others(table: Table) -> None:
    done = table.upsert(people(2, 3, 4, name="up"), join_cols=["id"])
    assert (done.rows_updated, done.rows_inserted) == (2, 1)
    assert rows(reload(table)) == [(1, "n1"), (2, "up2"), (3, "up3"), (4, "up4")]


def test_upsert_joins_on_identifier_fields(catalog: RestCatalog, namespace: str) -> None:
    schema = Schema(
        NestedField(1, "id", LongType(), required=True),
        NestedField(2, "name", StringType()),
        identifier_field_ids=[1],
    )
    table = catalog.create_table(f"{namespace}.t", schema)
    table.append(people(1, 2))
    table.upsert(people(2, 3, name="up"))
    assert rows(reload(table)) == [(1, "n1"), (2, "up2"), (3, "up3")]


def test_partitions_are_overwritten_one_by_one(catalog: RestCatalog, namespace: str) -> None:
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "name", StringType()))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "name"))
    table = catalog.create_table(f"{namespace}.t", schema, partition_spec=spec)
    table.append(pa.table({"id": [1, 2, 3], "name": ["a", "b", "c/d e"]}))
    table.dynamic_partition_overwrite(pa.table({"id": [7], "name": ["b"]}))
    found = reload(table)
    assert rows(found) == [(1, "a"), (3, "c/d e"), (7, "b")]
    assert rows(found, row_filter="name = 'c/d e'") == [(3, "c/d e")]
    partitions = found.inspect.partitions().to_pylist()
    assert sorted(each["partition"]["name"] for each in partitions) == ["a", "b", "c/d e"]


def test_files_written_by_others_are_added(table: Table) -> None:
    path = f"{table.location()}/data/given.parquet"
    with table.io.new_output(path).create() as stream:
        pq.write_table(people(8, 9), stream)
    table.add_files([path])
    assert ids(reload(table)) == [1, 2, 3, 8, 9]


def test_several_updates_of_one_transaction_land_together(table: Table) -> None:
    with table.transaction() as transaction:
        transaction.append(people(4))
        transaction.delete("id = 1")
        transaction.overwrite(people(2, name="again"), overwrite_filter="id = 2")
        transaction.set_properties({"step": "1"})
        with transaction.update_schema() as update:
            update.add_column("extra", StringType())
        assert ids(reload(table)) == [1, 2, 3]
    found = reload(table)
    assert rows(found) == [(2, "again2", None), (3, "n3", None), (4, "n4", None)]
    assert found.properties["step"] == "1"
    # The whole transaction is one step in the table's history of metadata files.
    assert len(found.metadata.metadata_log) == 2


def test_a_transaction_that_fails_leaves_nothing(table: Table) -> None:
    before = reload(table).metadata
    with pytest.raises(ZeroDivisionError), table.transaction() as transaction:
        transaction.append(people(4))
        raise ZeroDivisionError
    assert reload(table).metadata == before


def test_a_scan_of_some_columns_and_rows_reads_only_these(table: Table) -> None:
    found = reload(table).scan(row_filter="id > 1", selected_fields=("name",), limit=1)
    assert found.to_arrow().to_pylist() == [{"name": "n2"}]
    assert reload(table).scan(row_filter="id > 1").count() == 2
