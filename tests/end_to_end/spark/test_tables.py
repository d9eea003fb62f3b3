"""Tables through Spark SQL: made, written, changed, renamed and dropped."""

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import metadata
from tests.end_to_end.spark.session import THREE, Spark, SparkError

pytestmark = pytest.mark.integration


def files(lake: Lake, name: str) -> list[Path]:
    """List the files in the directories that a table of this name has had."""
    database = lake.server.files / lake.name / lake.name / "db"
    return [path for path in database.glob(f"{name}-*/**/*") if path.is_file()]


def test_namespaces_are_made_nested_listed_and_dropped(spark: Spark) -> None:
    spark.sql("CREATE NAMESPACE lake.outer COMMENT 'top'")
    spark.sql("CREATE NAMESPACE lake.outer.inner")
    assert spark.rows("SHOW NAMESPACES IN lake.outer") == [("outer.inner",)]
    with pytest.raises(SparkError, match="not empty"):
        spark.sql("DROP NAMESPACE lake.outer")
    spark.sql("DROP NAMESPACE lake.outer.inner")
    spark.sql("DROP NAMESPACE lake.outer")
    assert ("outer",) not in spark.rows("SHOW NAMESPACES IN lake")


def test_namespace_properties_are_set_and_described(spark: Spark) -> None:
    spark.sql("CREATE NAMESPACE lake.described")
    spark.sql("ALTER NAMESPACE lake.described SET PROPERTIES ('colour' = 'blue')")
    shown = {row["info_name"]: row["info_value"] for row in _described(spark, "described")}
    assert "(colour,blue)" in shown["Properties"]


def _described(spark: Spark, namespace: str) -> list[dict[str, Any]]:
    return spark.sql(f"DESCRIBE NAMESPACE EXTENDED lake.{namespace}")


def test_names_with_odd_characters_round_trip(spark: Spark) -> None:
    spark.sql("CREATE NAMESPACE lake.`a b/c.d`")
    odd = "lake.`a b/c.d`.`t+1/2 ü.%20`"
    spark.sql(f"CREATE TABLE {odd} (id int) USING iceberg")
    spark.sql(f"INSERT INTO {odd} VALUES (7)")
    assert spark.rows(f"SELECT * FROM {odd}") == [(7,)]
    listed = spark.sql("SHOW TABLES IN lake.`a b/c.d`")
    assert [row["tableName"] for row in listed] == ["t+1/2 ü.%20"]


def test_a_table_in_a_nested_namespace_is_read_back(spark: Spark) -> None:
    spark.sql("CREATE NAMESPACE lake.db.deep")
    spark.sql("CREATE TABLE lake.db.deep.t (id int) USING iceberg")
    spark.sql("INSERT INTO lake.db.deep.t VALUES (1)")
    assert spark.rows("SELECT * FROM lake.db.deep.t") == [(1,)]


def test_create_and_insert_are_read_back(spark: Spark, table: str) -> None:
    assert spark.rows(f"SELECT * FROM {table}") == THREE


def test_create_refuses_a_taken_name(spark: Spark, table: str) -> None:
    with pytest.raises(SparkError, match="already exists"):
        spark.sql(f"CREATE TABLE {table} (id int) USING iceberg")


def test_create_as_select_partitions_and_sorts(spark: Spark, lake: Lake, name: str) -> None:
    spark.sql(
        f"CREATE TABLE lake.db.{name} USING iceberg PARTITIONED BY (bucket(4, id), days(at)) "
        "AS SELECT id, timestamp'2024-01-01 10:00:00' AS at FROM range(8)"
    )
    (spec,) = metadata(lake, name)["partition-specs"]
    assert [field["transform"] for field in spec["fields"]] == ["bucket[4]", "day"]
    assert spark.value(f"SELECT sum(id) FROM lake.db.{name}") == 28


def test_a_failed_create_as_select_leaves_no_table(spark: Spark, name: str) -> None:
    with pytest.raises(SparkError):
        spark.sql(
            f"CREATE TABLE lake.db.{name} USING iceberg AS SELECT raise_error('stop') AS x "
            "FROM range(2)"
        )
    assert spark.rows(f"SHOW TABLES IN lake.db LIKE '{name}'") == []


def test_replace_as_select_keeps_the_history(spark: Spark, lake: Lake, table: str) -> None:
    name = table.rpartition(".")[2]
    before = metadata(lake, name)
    spark.sql(f"CREATE OR REPLACE TABLE {table} USING iceberg AS SELECT 'x' AS other")
    after = metadata(lake, name)
    assert spark.rows(f"SELECT * FROM {table}") == [("x",)]
    assert after["table-uuid"] == before["table-uuid"]
    assert before["snapshots"][0] in after["snapshots"]


def test_create_or_replace_creates_what_is_missing(spark: Spark, name: str) -> None:
    spark.sql(f"CREATE OR REPLACE TABLE lake.db.{name} USING iceberg AS SELECT 1 AS x")
    assert spark.rows(f"SELECT * FROM lake.db.{name}") == [(1,)]


def test_insert_overwrite_replaces_a_partition(spark: Spark, name: str) -> None:
    table = f"lake.db.{name}"
    spark.sql(f"CREATE TABLE {table} (k int, v string) USING iceberg PARTITIONED BY (k)")
    spark.sql(f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b')")
    spark.sql(f"INSERT OVERWRITE {table} PARTITION (k = 2) SELECT 'z'")
    assert spark.rows(f"SELECT * FROM {table}") == [(1, "a"), (2, "z")]


@pytest.mark.parametrize("mode", ["copy-on-write", "merge-on-read"])
def test_merge_update_and_delete_change_rows(spark: Spark, table: str, mode: str) -> None:
    modes = ", ".join(f"'write.{verb}.mode'='{mode}'" for verb in ("merge", "update", "delete"))
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({modes})")
    spark.sql(
        f"MERGE INTO {table} t USING (SELECT * FROM VALUES (2, 'B'), (9, 'z') AS v (id, data)) s "
        "ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET data = s.data WHEN NOT MATCHED THEN INSERT *"
    )
    spark.sql(f"UPDATE {table} SET data = upper(data) WHERE id = 3")
    spark.sql(f"DELETE FROM {table} WHERE id = 1")
    assert spark.rows(f"SELECT * FROM {table}") == [(2, "B"), (3, "C"), (9, "z")]


def test_truncate_empties_a_table(spark: Spark, table: str) -> None:
    spark.sql(f"TRUNCATE TABLE {table}")
    assert spark.rows(f"SELECT * FROM {table}") == []


def test_rename_keeps_the_rows(spark: Spark, table: str) -> None:
    spark.sql(f"ALTER TABLE {table} RENAME TO db.moved_elsewhere")
    assert spark.rows("SELECT * FROM lake.db.moved_elsewhere") == THREE
    with pytest.raises(SparkError, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.sql(f"SELECT * FROM {table}")


def test_drop_keeps_the_files(spark: Spark, lake: Lake, table: str) -> None:
    name = table.rpartition(".")[2]
    spark.sql(f"DROP TABLE {table}")
    assert any(path.suffix == ".parquet" for path in files(lake, name))
    assert spark.rows(f"SHOW TABLES IN lake.db LIKE '{name}'") == []


def test_drop_purge_deletes_the_files(spark: Spark, lake: Lake, table: str) -> None:
    name = table.rpartition(".")[2]
    spark.sql(f"DROP TABLE {table} PURGE")
    assert files(lake, name) == []
