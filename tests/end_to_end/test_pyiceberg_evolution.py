"""Schemas, partitions and sort orders that change under rows already written."""

import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import BadRequestError
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.sorting import NullOrder
from pyiceberg.table.update import AddSchemaUpdate, SetCurrentSchemaUpdate, SetLocationUpdate
from pyiceberg.transforms import (
    BucketTransform,
    IdentityTransform,
    MonthTransform,
    YearTransform,
)
from pyiceberg.types import (
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
)

from tests.end_to_end.samples import ids, reload

pytestmark = pytest.mark.end_to_end

SCHEMA = Schema(
    NestedField(1, "id", IntegerType(), required=True),
    NestedField(2, "name", StringType(), required=True),
    NestedField(3, "score", FloatType()),
    NestedField(4, "price", DecimalType(9, 2)),
    NestedField(5, "place", StructType(NestedField(6, "x", IntegerType()))),
    NestedField(7, "at", TimestampType()),
)


@pytest.fixture
def table(catalog: RestCatalog, namespace: str) -> Table:
    """A table with one row of the first schema."""
    made: Table = catalog.create_table(f"{namespace}.t", SCHEMA)
    row = {"id": 1, "name": "a", "score": 0.5, "price": None, "place": {"x": 1}, "at": None}
    made.append(pa.Table.from_pylist([row], schema=made.schema().as_arrow()))
    return made


def names(table: Table) -> list[str]:
    return [field.name for field in table.schema().fields]


def current_schema(number: int) -> SetCurrentSchemaUpdate:
    return SetCurrentSchemaUpdate.model_validate({"schema-id": number})


def drop_name(table: Table, why: str) -> None:
    """Send the drop of `name` as it is, since PyIceberg would refuse it itself."""
    kept = Schema(*(field for field in table.schema().fields if field.name != "name"))
    updates = (AddSchemaUpdate.model_validate({"schema": kept}), current_schema(-1))
    with pytest.raises(BadRequestError, match=f"Cannot find source column for {why}"):
        table.catalog.commit_table(table, (), updates)
    assert "name" in names(reload(table))


def test_added_renamed_moved_and_dropped_columns_keep_their_values(table: Table) -> None:
    with table.update_schema() as update:
        update.add_column("extra", ListType(99, StringType(), element_required=False), doc="new")
        update.add_column(("place", "y"), LongType())
        update.rename_column("name", "title")
        update.move_first("score")
        update.move_after("extra", "id")
        update.delete_column("price")
    found = reload(table)
    assert names(found) == ["score", "id", "extra", "title", "place", "at"]
    assert found.scan().to_arrow().to_pylist() == [
        {
            "score": 0.5,
            "id": 1,
            "extra": None,
            "title": "a",
            "place": {"x": 1, "y": None},
            "at": None,
        }
    ]
    # Ids are never given twice: the list's element and `place.y` took the next three.
    assert found.metadata.last_column_id == 10
    assert found.schema().find_field("title").field_id == 2


def test_a_dropped_column_that_comes_back_is_a_new_one(table: Table) -> None:
    with table.update_schema() as update:
        update.delete_column("score")
    with table.update_schema() as update:
        update.add_column("score", FloatType())
    assert reload(table).schema().find_field("score").field_id == 8
    assert reload(table).scan().to_arrow()["score"].to_pylist() == [None]


def test_types_are_promoted_and_requirements_loosened(table: Table) -> None:
    with table.update_schema() as update:
        update.update_column("id", LongType())
        update.update_column("score", DoubleType())
        update.update_column("price", DecimalType(18, 2), doc="in cents")
        update.make_column_optional("name")
    found = reload(table).schema()
    assert [str(found.find_type(name)) for name in ("id", "score", "price")] == [
        "long",
        "double",
        "decimal(18, 2)",
    ]
    assert (found.find_field("name").required, found.find_field("price").doc) == (False, "in cents")
    row = {"id": 2**40, "name": None, "score": 1e300, "place": None, "at": None, "price": None}
    table.append(pa.Table.from_pylist([row], schema=reload(table).schema().as_arrow()))
    assert ids(reload(table)) == [1, 2**40]


def test_identifier_fields_are_set(table: Table) -> None:
    with table.update_schema() as update:
        update.set_identifier_fields("id", "name")
    assert reload(table).schema().identifier_field_names() == {"id", "name"}


def test_a_schema_as_before_is_found_again_and_not_added_twice(table: Table) -> None:
    first = table.schema()
    with table.update_schema() as update:
        update.add_column("extra", StringType())
    with table.update_schema() as update:
        update.delete_column("extra")
    found = reload(table)
    assert found.schema().schema_id == first.schema_id == 0
    assert sorted(found.schemas()) == [0, 1]
    assert found.metadata.last_column_id == 8


def test_a_union_with_another_schema_adds_what_is_missing(table: Table) -> None:
    with table.update_schema() as update:
        update.union_by_name(pa.schema([("score", pa.float64()), ("tag", pa.string())]))
    assert [str(reload(table).schema().find_type(each)) for each in ("score", "tag")] == [
        "double",
        "string",
    ]


def test_an_unknown_schema_is_refused(table: Table) -> None:
    with pytest.raises(BadRequestError, match="unknown schema"):
        table.catalog.commit_table(table, (), (current_schema(99),))


def test_partitions_evolve_and_both_kinds_of_files_are_read(table: Table) -> None:
    with table.update_spec() as update:
        update.add_field("id", BucketTransform(4), "shard")
        update.add_field("at", YearTransform(), "year")
    row = {"id": 2, "name": "b", "score": None, "price": None, "place": None, "at": None}
    table.append(pa.Table.from_pylist([row], schema=table.schema().as_arrow()))
    with table.update_spec() as update:
        update.rename_field("shard", "slice")
        update.remove_field("year")
        update.add_field("at", MonthTransform(), "month")
    table.append(pa.Table.from_pylist([row | {"id": 3}], schema=table.schema().as_arrow()))
    found = reload(table)
    assert ids(found) == [1, 2, 3]
    assert ids(found, row_filter="id = 2") == [2]
    assert [field.name for field in found.spec().fields] == ["slice", "month"]
    assert sorted(found.specs()) == [0, 1, 2]
    assert [field.field_id for field in found.specs()[1].fields] == [1000, 1001]
    # The renamed field keeps its id, the new one gets the next.
    assert [field.field_id for field in found.spec().fields] == [1000, 1002]
    assert found.last_partition_id() == 1002
    files = found.inspect.files()["spec_id"].to_pylist()
    assert sorted(files) == [0, 1, 2]


def test_a_spec_as_before_is_found_again(table: Table) -> None:
    with table.update_spec() as update:
        update.add_field("name", IdentityTransform(), "name")
    with table.update_spec() as update:
        update.remove_field("name")
    with table.update_spec() as update:
        update.add_field("name", IdentityTransform(), "name")
    found = reload(table)
    assert (found.spec().spec_id, sorted(found.specs())) == (1, [0, 1])


def test_the_source_of_a_partition_cannot_be_dropped(table: Table) -> None:
    with table.update_spec() as update:
        update.add_field("name", IdentityTransform(), "name_part")
    drop_name(table, "partition field")


def test_sort_orders_evolve(table: Table) -> None:
    table.update_sort_order().asc("id", IdentityTransform(), NullOrder.NULLS_LAST).commit()
    table.update_sort_order().desc("name", BucketTransform(8), NullOrder.NULLS_FIRST).commit()
    found = reload(table)
    assert (found.sort_order().order_id, sorted(found.sort_orders())) == (2, [0, 1, 2])
    (field,) = found.sort_order().fields
    assert (str(field.transform), field.source_id) == ("bucket[8]", 2)
    table.update_sort_order().asc("id", IdentityTransform(), NullOrder.NULLS_LAST).commit()
    assert reload(table).sort_order().order_id == 1


def test_the_source_of_the_sort_order_cannot_be_dropped(table: Table) -> None:
    table.update_sort_order().asc("name", IdentityTransform()).commit()
    drop_name(table, "sort field")


def test_properties_are_set_and_removed(table: Table) -> None:
    with table.transaction() as transaction:
        transaction.set_properties(a="1", b="2")
    with table.transaction() as transaction:
        transaction.remove_properties("a")
    found = reload(table).properties
    assert (found.get("a"), found["b"]) == (None, "2")


def test_a_table_whose_location_changed_writes_there_and_reads_both(table: Table) -> None:
    # PyIceberg has no call for it, only the update.
    there = f"{table.location()}/moved"
    table.catalog.commit_table(table, (), (SetLocationUpdate(location=f"{there}/"),))
    found = reload(table)
    assert found.location() == there
    assert found.metadata_location.startswith(f"{there}/metadata/00002-")
    row = {"id": 2, "name": "b", "score": None, "price": None, "place": None, "at": None}
    found.append(pa.Table.from_pylist([row], schema=found.schema().as_arrow()))
    assert ids(reload(table)) == [1, 2]
