"""Iceberg's stored procedures, which commit what no other statement does."""

import os
from pathlib import Path

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import loaded, metadata
from tests.end_to_end.spark.session import THREE, Spark

pytestmark = pytest.mark.integration
LATER = "TIMESTAMP '2999-01-01 00:00:00'"


def latest(spark: Spark, table: str) -> int:
    """Return the id of the last snapshot."""
    newest = f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at DESC LIMIT 1"
    return int(spark.value(newest))


def test_rollback_returns_to_a_snapshot(spark: Spark, table: str, name: str) -> None:
    first = latest(spark, table)
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    spark.sql(f"CALL lake.system.rollback_to_snapshot('db.{name}', {first})")
    assert spark.rows(f"SELECT * FROM {table}") == THREE


def test_a_rollback_shows_in_the_history(spark: Spark, table: str, name: str) -> None:
    first = latest(spark, table)
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    second = latest(spark, table)
    spark.sql(f"CALL lake.system.rollback_to_snapshot('db.{name}', {first})")
    history = spark.sql(f"SELECT * FROM {table}.history ORDER BY made_current_at")
    assert [(row["snapshot_id"], row["is_current_ancestor"]) for row in history] == [
        (first, True),
        (second, False),
        (first, True),
    ]


def test_set_current_snapshot_and_cherrypick_move_main(spark: Spark, table: str, name: str) -> None:
    first = latest(spark, table)
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    second = latest(spark, table)
    spark.sql(f"CALL lake.system.set_current_snapshot('db.{name}', {first})")
    assert spark.rows(f"SELECT * FROM {table}") == THREE
    spark.sql(f"CALL lake.system.cherrypick_snapshot('db.{name}', {second})")
    assert spark.rows(f"SELECT * FROM {table}") == [*THREE, (4, "d")]


def test_expire_snapshots_keeps_the_last(spark: Spark, table: str, name: str) -> None:
    for number in range(3):
        spark.sql(f"INSERT OVERWRITE {table} VALUES ({number}, 'n')")
    (done,) = spark.sql(
        f"CALL lake.system.expire_snapshots(table => 'db.{name}', older_than => {LATER}, "
        "retain_last => 1)"
    )
    assert done["deleted_data_files_count"] > 0
    assert spark.value(f"SELECT count(*) FROM {table}.snapshots") == 1
    assert spark.rows(f"SELECT * FROM {table}") == [(2, "n")]


def test_expiry_removes_what_only_old_metadata_used(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    spark.sql(f"ALTER TABLE {table} ADD COLUMN more int")
    spark.sql(f"ALTER TABLE {table} DROP COLUMN more")
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    spark.sql(
        f"CALL lake.system.expire_snapshots(table => 'db.{name}', older_than => {LATER}, "
        "clean_expired_metadata => true)"
    )
    assert len(metadata(lake, name)["schemas"]) == 1


def test_rewrite_data_files_compacts(spark: Spark, table: str, name: str) -> None:
    for number in range(4, 10):
        spark.sql(f"INSERT INTO {table} VALUES ({number}, 'n')")
    (done,) = spark.sql(
        f"CALL lake.system.rewrite_data_files(table => 'db.{name}', "
        "options => map('min-input-files', '2'))"
    )
    assert done["rewritten_data_files_count"] >= 7
    assert spark.value(f"SELECT count(*) FROM {table}.files") == 1
    assert spark.value(f"SELECT sum(id) FROM {table}") == 45


def test_rewrite_manifests_merges_them(spark: Spark, table: str, name: str) -> None:
    for number in range(4, 7):
        spark.sql(f"INSERT INTO {table} VALUES ({number}, 'n')")
    spark.sql(f"CALL lake.system.rewrite_manifests('db.{name}')")
    assert spark.value(f"SELECT count(*) FROM {table}.manifests") == 1


def test_position_deletes_are_rewritten(spark: Spark, table: str, name: str) -> None:
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    spark.sql(f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ id, 'n' FROM range(10, 20)")
    for number in (11, 13):
        spark.sql(f"DELETE FROM {table} WHERE id = {number}")
    spark.sql(
        f"CALL lake.system.rewrite_position_delete_files(table => 'db.{name}', "
        "options => map('rewrite-all', 'true'))"
    )
    assert spark.value(f"SELECT count(*) FROM {table}") == 11


def test_orphan_files_are_found_and_no_file_in_use_is(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    location = Path(metadata(lake, name)["location"].removeprefix("file://"))
    (location / "data" / "nobody.parquet").write_bytes(b"nothing")
    for path in location.rglob("*"):
        # Only files older than a day are looked at.
        os.utime(path, (1, 1))
    found = spark.sql(
        f"CALL lake.system.remove_orphan_files(table => 'db.{name}', dry_run => true, "
        "older_than => TIMESTAMP '2000-01-01 00:00:00')"
    )
    assert [Path(row["orphan_file_location"]).name for row in found] == ["nobody.parquet"]


def test_a_dropped_table_is_registered_again(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    answer = loaded(lake, name)
    spark.sql(f"DROP TABLE {table}")
    spark.sql(
        f"CALL lake.system.register_table('db.{name}_again', '{answer['metadata-location']}')"
    )
    spark.sql(f"INSERT INTO {table}_again VALUES (4, 'd')")
    assert spark.rows(f"SELECT * FROM {table}_again") == [*THREE, (4, "d")]


def test_files_written_elsewhere_are_added(
    spark: Spark, table: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "plain"
    spark.sql(f"INSERT OVERWRITE DIRECTORY '{path}' USING parquet SELECT 4L AS id, 'd' AS data")
    spark.sql(
        f"CALL lake.system.add_files(table => 'db.{name}', source_table => '`parquet`.`{path}`')"
    )
    assert spark.rows(f"SELECT * FROM {table}") == [*THREE, (4, "d")]


def test_table_statistics_are_kept_by_the_catalog(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    spark.sql(f"CALL lake.system.compute_table_stats('db.{name}')")
    (statistics,) = metadata(lake, name)["statistics"]
    assert statistics["snapshot-id"] == latest(spark, table)


def test_partition_statistics_are_kept_by_the_catalog(spark: Spark, lake: Lake, name: str) -> None:
    table = f"lake.db.{name}"
    spark.sql(f"CREATE TABLE {table} (k int, v int) USING iceberg PARTITIONED BY (k)")
    spark.sql(f"INSERT INTO {table} VALUES (1, 1), (2, 2)")
    spark.sql(f"CALL lake.system.compute_partition_stats('db.{name}')")
    (statistics,) = metadata(lake, name)["partition-statistics"]
    assert statistics["snapshot-id"] == latest(spark, table)


def test_ancestors_and_changes_are_listed(spark: Spark, table: str, name: str) -> None:
    spark.sql(f"INSERT INTO {table} VALUES (4, 'd')")
    assert len(spark.sql(f"CALL lake.system.ancestors_of('db.{name}')")) == 2
    spark.sql(
        f"CALL lake.system.create_changelog_view(table => 'db.{name}', changelog_view => '{name}')"
    )
    found = spark.rows(f"SELECT id, _change_type FROM {name}")
    assert found == [(1, "INSERT"), (2, "INSERT"), (3, "INSERT"), (4, "INSERT")]
