"""Tables from their creation to their end, through PyIceberg."""

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    BadRequestError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    IdentityTransform,
    TruncateTransform,
)
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people

pytestmark = pytest.mark.end_to_end

PRIMITIVES = [
    BooleanType(),
    IntegerType(),
    LongType(),
    FloatType(),
    DoubleType(),
    DecimalType(38, 9),
    DateType(),
    TimeType(),
    TimestampType(),
    TimestamptzType(),
    StringType(),
    UUIDType(),
    FixedType(16),
    BinaryType(),
]
EVERY_TYPE = Schema(
    *(
        NestedField(number, f"c{number}", kind, required=number % 2 == 0, doc=f"doc {number}")
        for number, kind in enumerate(PRIMITIVES, 1)
    )
)
NESTED = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "tags", ListType(3, StringType(), element_required=True)),
    NestedField(
        4,
        "by_key",
        MapType(5, StringType(), 6, StructType(NestedField(7, "x", IntegerType(), required=True))),
    ),
    NestedField(8, "place", StructType(NestedField(9, "at", TimestampType()))),
    identifier_field_ids=[1],
)


def test_every_primitive_type_survives(catalog: RestCatalog, namespace: str) -> None:
    made = catalog.create_table(f"{namespace}.t", EVERY_TYPE)
    loaded = catalog.load_table(f"{namespace}.t")
    assert made.schema() == loaded.schema() == EVERY_TYPE


def test_nested_types_and_identifier_fields_survive(catalog: RestCatalog, namespace: str) -> None:
    catalog.create_table(f"{namespace}.t", NESTED)
    found = catalog.load_table(f"{namespace}.t").schema()
    # Ids are given again level by level, so only their names can be compared.
    assert found.identifier_field_names() == {"id"}
    assert [field.name for field in found.fields] == ["id", "tags", "by_key", "place"]
    assert str(found.find_type("by_key.value.x")) == "int"
    assert found.find_field("tags.element").required
    assert sorted(found.field_ids) == list(range(1, 10))


def test_partitions_and_sort_order_refer_to_the_same_columns(
    catalog: RestCatalog, namespace: str
) -> None:
    spec = PartitionSpec(
        PartitionField(9, 1000, DayTransform(), "at_day"),
        PartitionField(1, 1001, BucketTransform(16), "id_bucket"),
    )
    order = SortOrder(SortField(1, IdentityTransform(), SortDirection.DESC, NullOrder.NULLS_LAST))
    catalog.create_table(f"{namespace}.t", NESTED, partition_spec=spec, sort_order=order)
    table = catalog.load_table(f"{namespace}.t")
    assert [
        (table.schema().find_column_name(field.source_id), str(field.transform), field.name)
        for field in table.spec().fields
    ] == [("place.at", "day", "at_day"), ("id", "bucket[16]", "id_bucket")]
    (field,) = table.sort_order().fields
    assert table.schema().find_column_name(field.source_id) == "id"
    assert (field.direction, field.null_order) == (SortDirection.DESC, NullOrder.NULLS_LAST)


def test_the_requested_location_is_taken(lake: Lake, catalog: RestCatalog, namespace: str) -> None:
    root = lake.server.get("catalogs", lake.name)["storage_location"]
    table = catalog.create_table(f"{namespace}.t", ARROW, location=f"{root}/{namespace}/mine/")
    assert table.location() == f"{root}/{namespace}/mine"
    table.append(people(1))
    assert any(path.endswith(".parquet") for path in lake.files(f"{root}/{namespace}/mine"))


def test_a_location_outside_the_catalog_is_refused(catalog: RestCatalog, namespace: str) -> None:
    for location in ("file:///etc/t", "s3://another-bucket/t", "gs://b/t"):
        with pytest.raises(BadRequestError, match="location"):
            catalog.create_table(f"{namespace}.t", ARROW, location=location)
    assert catalog.list_tables(namespace) == []


def test_a_partition_of_an_unfit_type_is_refused(catalog: RestCatalog, namespace: str) -> None:
    spec = PartitionSpec(PartitionField(1, 1000, TruncateTransform(4), "cut"))
    schema = Schema(NestedField(1, "ok", BooleanType()))
    with pytest.raises(BadRequestError, match="truncate"):
        catalog.create_table(f"{namespace}.t", schema, partition_spec=spec)


def test_properties_are_kept_and_numbers_become_text(catalog: RestCatalog, namespace: str) -> None:
    catalog.create_table(f"{namespace}.t", ARROW, properties={"a": 1, "b": "two"})
    found = catalog.load_table(f"{namespace}.t").properties
    assert found == {"a": "1", "b": "two", "write.parquet.compression-codec": "zstd"}


def test_a_taken_name_is_refused(catalog: RestCatalog, namespace: str) -> None:
    table = catalog.create_table(f"{namespace}.t", ARROW)
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table(f"{namespace}.t", ARROW)
    again = catalog.create_table_if_not_exists(f"{namespace}.t", NESTED)
    assert again.metadata.table_uuid == table.metadata.table_uuid


def test_an_unknown_namespace_or_table_is_said_so(catalog: RestCatalog, namespace: str) -> None:
    with pytest.raises(NoSuchNamespaceError):
        catalog.create_table("nowhere.t", ARROW)
    with pytest.raises(NoSuchNamespaceError):
        catalog.list_tables("nowhere")
    for act in (catalog.load_table, catalog.drop_table, catalog.purge_table):
        with pytest.raises(NoSuchTableError):
            act(f"{namespace}.t")
    assert not catalog.table_exists(f"{namespace}.t")


def test_a_staged_create_is_seen_only_once_it_is_committed(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    transaction = catalog.create_table_transaction(f"{namespace}.t", ARROW, properties={"a": "b"})
    assert not catalog.table_exists(f"{namespace}.t")
    assert lake.files(transaction.table_metadata.location) == []
    with transaction.update_schema() as update:
        update.add_column("more", IntegerType())
    table = transaction.commit_transaction()
    assert table.metadata == catalog.load_table(f"{namespace}.t").metadata
    assert table.metadata_location.rpartition("/")[2].startswith("00000-")
    assert [field.name for field in table.schema().fields] == ["id", "name", "more"]


def test_a_staged_create_arrives_with_its_rows(catalog: RestCatalog, namespace: str) -> None:
    with catalog.create_table_transaction(f"{namespace}.t", ARROW) as transaction:
        transaction.append(people(1, 2))
        transaction.append(people(3))
    table = catalog.load_table(f"{namespace}.t")
    assert ids(table) == [1, 2, 3]
    assert len(table.snapshots()) == 2


def test_rename_moves_a_table_to_another_namespace(catalog: RestCatalog, namespace: str) -> None:
    table = catalog.create_table(f"{namespace}.t", ARROW)
    table.append(people(1))
    catalog.create_namespace(f"{namespace}_2")
    moved = catalog.rename_table(f"{namespace}.t", f"{namespace}_2.u")
    assert ids(moved) == [1]
    assert moved.metadata == catalog.load_table(f"{namespace}_2.u").metadata
    assert not catalog.table_exists(f"{namespace}.t")
    # What PyIceberg does not check itself is the server's to refuse.
    catalog.create_table(f"{namespace}.t", ARROW)
    with pytest.raises(TableAlreadyExistsError):
        catalog.rename_table(f"{namespace}.t", f"{namespace}_2.u")
    with pytest.raises(NoSuchTableError):
        catalog.rename_table(f"{namespace}.gone", f"{namespace}.x")


def test_a_dropped_table_leaves_its_files_and_may_be_registered(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    table = catalog.create_table(f"{namespace}.t", ARROW)
    table.append(people(1, 2))
    before = lake.files(table.location())
    catalog.drop_table(f"{namespace}.t")
    assert lake.files(table.location()) == before
    again = catalog.register_table(f"{namespace}.again", table.metadata_location)
    assert (again.metadata, ids(again)) == (table.metadata, [1, 2])
    again.append(people(3))
    assert ids(catalog.load_table(f"{namespace}.again")) == [1, 2, 3]


def test_register_refuses_a_taken_name_and_a_missing_file(
    catalog: RestCatalog, namespace: str
) -> None:
    table = catalog.create_table(f"{namespace}.t", ARROW)
    with pytest.raises(TableAlreadyExistsError):
        catalog.register_table(f"{namespace}.t", table.metadata_location)
    with pytest.raises(Exception, match="NotFoundException"):
        catalog.register_table(f"{namespace}.u", table.metadata_location + "x")
    assert catalog.list_tables(namespace) == [(namespace, "t")]


def test_register_with_overwrite_takes_a_table_back_in_time(
    catalog: RestCatalog, namespace: str
) -> None:
    table = catalog.create_table(f"{namespace}.t", ARROW)
    table.append(people(1))
    before = table.metadata_location
    table.append(people(2))
    back = catalog.register_table(f"{namespace}.t", before, overwrite=True)
    assert ids(back) == ids(catalog.load_table(f"{namespace}.t")) == [1]


def test_purge_leaves_no_file_of_the_table_and_all_of_its_neighbour(
    catalog: RestCatalog, lake: Lake, namespace: str
) -> None:
    table, other = (catalog.create_table(f"{namespace}.{name}", ARROW) for name in "tu")
    for each in (table, other):
        each.append(people(1, 2))
        each.overwrite(people(3))
        each.delete("id = 3")
    assert len(lake.files(table.location())) > 8
    kept = lake.files(other.location())
    catalog.purge_table(f"{namespace}.t")
    assert lake.files(table.location()) == []
    assert lake.files(other.location()) == kept
    assert ids(catalog.load_table(f"{namespace}.u")) == []


def test_a_table_made_anew_after_a_rename_has_files_of_its_own(
    catalog: RestCatalog, namespace: str
) -> None:
    first = catalog.create_table(f"{namespace}.t", ARROW)
    first.append(people(1))
    catalog.rename_table(f"{namespace}.t", f"{namespace}.old")
    second = catalog.create_table(f"{namespace}.t", ARROW)
    second.append(people(2))
    catalog.purge_table(f"{namespace}.t")
    assert ids(catalog.load_table(f"{namespace}.old")) == [1]


def test_lists_are_whole_and_in_order_when_paged(
    lake: Lake, catalog: RestCatalog, namespace: str
) -> None:
    expected = [(namespace, f"t{number}") for number in range(7)]
    for _, name in expected:
        catalog.create_table(f"{namespace}.{name}", ARROW)
    assert catalog.list_tables(namespace) == expected
    assert lake.catalog(**{"rest-page-size": "3"}).list_tables(namespace) == expected
