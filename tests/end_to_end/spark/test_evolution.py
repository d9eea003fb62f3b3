"""Schemas, partitions, write orders, properties and format versions changed by Spark SQL."""

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import metadata
from tests.end_to_end.spark.session import Spark, SparkError

pytestmark = pytest.mark.integration


def test_columns_are_added_renamed_widened_moved_and_dropped(spark: Spark, table: str) -> None:
    spark.sql(f"ALTER TABLE {table} ADD COLUMNS (n int COMMENT 'a number', extra string)")
    spark.sql(f"ALTER TABLE {table} RENAME COLUMN data TO words")
    spark.sql(f"ALTER TABLE {table} ALTER COLUMN n TYPE bigint")
    spark.sql(f"ALTER TABLE {table} ALTER COLUMN n FIRST")
    spark.sql(f"ALTER TABLE {table} DROP COLUMN extra")
    (first,) = spark.sql(f"SELECT * FROM {table} WHERE id = 1")
    assert first == {"n": None, "id": 1, "words": "a"}
    described = {row["col_name"]: row for row in spark.sql(f"DESCRIBE TABLE {table}")}
    assert (described["n"]["data_type"], described["n"]["comment"]) == ("bigint", "a number")


def test_fields_of_structs_lists_and_maps_evolve(spark: Spark, name: str) -> None:
    table = f"lake.db.{name}"
    spark.sql(
        f"CREATE TABLE {table} (p struct<x: int>, l array<struct<y: int>>, "
        "m map<string, struct<z: int>>) USING iceberg"
    )
    spark.sql(f"ALTER TABLE {table} ADD COLUMNS (p.w int, l.element.w int, m.value.w int)")
    spark.sql(
        f"INSERT INTO {table} VALUES (named_struct('x', 1, 'w', 2), "
        "array(named_struct('y', 3, 'w', 4)), map('k', named_struct('z', 5, 'w', 6)))"
    )
    found = spark.rows(f"SELECT p.w, l[0].w, m['k'].w FROM {table}")
    assert found == [(2, 4, 6)]


def test_a_narrower_type_is_refused(spark: Spark, table: str) -> None:
    with pytest.raises(SparkError):
        spark.sql(f"ALTER TABLE {table} ALTER COLUMN id TYPE int")


def test_identifier_fields_are_set_and_dropped(spark: Spark, lake: Lake, name: str) -> None:
    table = f"lake.db.{name}"
    spark.sql(f"CREATE TABLE {table} (id bigint NOT NULL, data string) USING iceberg")
    spark.sql(f"ALTER TABLE {table} SET IDENTIFIER FIELDS id")
    assert _current_schema(lake, name)["identifier-field-ids"] == [1]
    spark.sql(f"ALTER TABLE {table} DROP IDENTIFIER FIELDS id")
    assert not _current_schema(lake, name).get("identifier-field-ids")


def _current_schema(lake: Lake, name: str) -> dict[str, list[int]]:
    found = metadata(lake, name)
    (schema,) = (s for s in found["schemas"] if s["schema-id"] == found["current-schema-id"])
    return dict(schema)


def test_partition_fields_are_added_replaced_and_dropped(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    spark.sql(f"ALTER TABLE {table} ADD PARTITION FIELD bucket(4, id) AS shard")
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    spark.sql(f"ALTER TABLE {table} REPLACE PARTITION FIELD shard WITH truncate(1, data) AS head")
    spark.sql(f"INSERT INTO {table} VALUES (5, 'e')")
    assert _default_spec(lake, name) == [("head", "truncate[1]")]
    spark.sql(f"ALTER TABLE {table} DROP PARTITION FIELD head")
    assert _default_spec(lake, name) == []
    assert spark.value(f"SELECT count(*) FROM {table}") == 5
    assert len(spark.rows(f"SELECT DISTINCT spec_id FROM {table}.files")) == 3


def _default_spec(lake: Lake, name: str) -> list[tuple[str, str]]:
    found = metadata(lake, name)
    (spec,) = (s for s in found["partition-specs"] if s["spec-id"] == found["default-spec-id"])
    return [(field["name"], field["transform"]) for field in spec["fields"]]


def test_a_write_order_is_set_and_removed(spark: Spark, lake: Lake, table: str, name: str) -> None:
    spark.sql(f"ALTER TABLE {table} WRITE ORDERED BY data DESC NULLS LAST, bucket(4, id)")
    found = metadata(lake, name)
    (order,) = (o for o in found["sort-orders"] if o["order-id"] == found["default-sort-order-id"])
    assert [(f["transform"], f["direction"]) for f in order["fields"]] == [
        ("identity", "desc"),
        ("bucket[4]", "asc"),
    ]
    spark.sql(f"ALTER TABLE {table} WRITE UNORDERED")
    assert metadata(lake, name)["default-sort-order-id"] == 0


def test_properties_are_set_and_unset(spark: Spark, lake: Lake, table: str, name: str) -> None:
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('colour' = 'blue', 'gone' = 'soon')")
    spark.sql(f"ALTER TABLE {table} UNSET TBLPROPERTIES ('gone')")
    properties = metadata(lake, name)["properties"]
    assert properties["colour"] == "blue"
    assert "gone" not in properties


def test_old_metadata_files_are_deleted_when_asked(spark: Spark, table: str) -> None:
    spark.sql(
        f"ALTER TABLE {table} SET TBLPROPERTIES ('write.metadata.delete-after-commit.enabled' = "
        "'true', 'write.metadata.previous-versions-max' = '2')"
    )
    for number in range(4):
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('n' = '{number}')")
    assert len(spark.sql(f"SELECT * FROM {table}.metadata_log_entries")) == 3


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_format_version_is_written_and_read(spark: Spark, name: str, version: int) -> None:
    table = f"lake.db.{name}"
    properties = f"TBLPROPERTIES ('format-version' = '{version}')"
    spark.sql(f"CREATE TABLE {table} (id int) USING iceberg {properties}")
    spark.sql(f"INSERT INTO {table} VALUES (1), (2)")
    spark.sql(f"DELETE FROM {table} WHERE id = 1")
    assert spark.rows(f"SELECT * FROM {table}") == [(2,)]


def test_a_table_is_upgraded_step_by_step(spark: Spark, lake: Lake, name: str) -> None:
    table = f"lake.db.{name}"
    spark.sql(f"CREATE TABLE {table} (id int) USING iceberg TBLPROPERTIES ('format-version' = '1')")
    spark.sql(f"INSERT INTO {table} VALUES (1)")
    for version in (2, 3):
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('format-version' = '{version}')")
        assert metadata(lake, name)["format-version"] == version
        spark.sql(f"INSERT INTO {table} VALUES ({version})")
    assert spark.rows(f"SELECT * FROM {table}") == [(1,), (2,), (3,)]


def test_a_lower_format_version_is_refused(spark: Spark, table: str) -> None:
    with pytest.raises(SparkError):
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('format-version' = '1')")
