"""Branches and tags of one table, and reading it as it was."""

import time
from datetime import UTC, datetime

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import metadata
from tests.end_to_end.spark.session import THREE, Spark, SparkError

pytestmark = pytest.mark.integration


def test_a_branch_is_written_apart_from_main(spark: Spark, table: str) -> None:
    spark.sql(f"ALTER TABLE {table} CREATE BRANCH audit")
    spark.sql(f"INSERT INTO {table}.branch_audit VALUES (4, 'd')")
    assert spark.rows(f"SELECT * FROM {table}") == THREE
    assert spark.rows(f"SELECT * FROM {table} VERSION AS OF 'audit'") == [*THREE, (4, "d")]


def test_fast_forward_brings_main_to_a_branch(spark: Spark, table: str, name: str) -> None:
    spark.sql(f"ALTER TABLE {table} CREATE BRANCH audit")
    spark.sql(f"DELETE FROM {table}.branch_audit WHERE id < 3")
    spark.sql(f"CALL lake.system.fast_forward('db.{name}', 'main', 'audit')")
    assert spark.rows(f"SELECT * FROM {table}") == [(3, "c")]


def test_retention_of_a_branch_is_kept(spark: Spark, lake: Lake, table: str, name: str) -> None:
    spark.sql(
        f"ALTER TABLE {table} CREATE BRANCH kept RETAIN 7 DAYS "
        "WITH SNAPSHOT RETENTION 2 SNAPSHOTS 3 DAYS"
    )
    day = 24 * 3600 * 1000
    branch = metadata(lake, name)["refs"]["kept"]
    assert branch["max-ref-age-ms"] == 7 * day
    assert branch["max-snapshot-age-ms"] == 3 * day
    assert branch["min-snapshots-to-keep"] == 2


def test_a_branch_is_replaced_and_dropped(spark: Spark, table: str) -> None:
    first = spark.value(f"SELECT snapshot_id FROM {table}.snapshots")
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    spark.sql(f"ALTER TABLE {table} CREATE BRANCH moving")
    spark.sql(f"ALTER TABLE {table} REPLACE BRANCH moving AS OF VERSION {first}")
    assert spark.rows(f"SELECT * FROM {table}.branch_moving") == THREE
    spark.sql(f"ALTER TABLE {table} DROP BRANCH moving")
    assert spark.rows(f"SELECT name FROM {table}.refs") == [("main",)]


def test_a_tag_keeps_what_it_names(spark: Spark, table: str) -> None:
    spark.sql(f"ALTER TABLE {table} CREATE TAG release")
    spark.sql(f"DELETE FROM {table} WHERE id = 1")
    assert spark.rows(f"SELECT * FROM {table} VERSION AS OF 'release'") == THREE
    assert spark.rows(f"SELECT name, type FROM {table}.refs") == [
        ("main", "BRANCH"),
        ("release", "TAG"),
    ]


def test_a_tag_of_a_table_takes_no_writes(spark: Spark, table: str) -> None:
    spark.sql(f"ALTER TABLE {table} CREATE TAG release")
    with pytest.raises(SparkError, match="tag"):
        spark.sql(f"INSERT INTO {table}.branch_release VALUES (4, 'd')")


def test_a_taken_name_of_a_ref_is_refused(spark: Spark, table: str) -> None:
    spark.sql(f"ALTER TABLE {table} CREATE BRANCH once")
    with pytest.raises(SparkError, match="already exists"):
        spark.sql(f"ALTER TABLE {table} CREATE TAG once")


def test_a_snapshot_is_read_by_number(spark: Spark, table: str) -> None:
    first = spark.value(f"SELECT snapshot_id FROM {table}.snapshots")
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    assert spark.rows(f"SELECT * FROM {table} VERSION AS OF {first}") == THREE


def test_a_table_is_read_as_of_a_time(spark: Spark, table: str) -> None:
    between = datetime.now(UTC).isoformat(sep=" ", timespec="milliseconds")
    time.sleep(0.01)
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    assert spark.rows(f"SELECT * FROM {table} TIMESTAMP AS OF '{between}'") == THREE


def test_a_staged_write_is_published(spark: Spark, table: str, name: str) -> None:
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('write.wap.enabled' = 'true')")
    spark.sql("SET spark.wap.id = nightly")
    try:
        spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    finally:
        spark.sql("RESET spark.wap.id")
    assert spark.rows(f"SELECT * FROM {table}") == THREE
    spark.sql(f"CALL lake.system.publish_changes('db.{name}', 'nightly')")
    assert spark.rows(f"SELECT * FROM {table}") == [*THREE, (4, "d")]
