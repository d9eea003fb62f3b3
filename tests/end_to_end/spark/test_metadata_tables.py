"""What Spark reads of a table's own metadata agrees with the catalog."""

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import loaded, metadata
from tests.end_to_end.spark.session import Spark

pytestmark = pytest.mark.integration


def test_snapshots_and_history_are_those_of_the_catalog(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    spark.sql(f"DELETE FROM {table} WHERE id = 1")
    found = metadata(lake, name)
    assert {row["snapshot_id"] for row in spark.sql(f"SELECT * FROM {table}.snapshots")} == {
        snapshot["snapshot-id"] for snapshot in found["snapshots"]
    }
    history = spark.sql(f"SELECT * FROM {table}.history ORDER BY made_current_at")
    assert [row["snapshot_id"] for row in history] == [
        entry["snapshot-id"] for entry in found["snapshot-log"]
    ]


def test_the_metadata_log_ends_with_the_present_file(
    spark: Spark, lake: Lake, table: str, name: str
) -> None:
    answer = loaded(lake, name)
    logged = spark.sql(f"SELECT file FROM {table}.metadata_log_entries ORDER BY timestamp")
    older = [entry["metadata-file"] for entry in answer["metadata"]["metadata-log"]]
    assert [row["file"] for row in logged] == [*older, answer["metadata-location"]]


@pytest.mark.parametrize(
    "part",
    [
        "entries",
        "files",
        "data_files",
        "delete_files",
        "manifests",
        "partitions",
        "refs",
        "position_deletes",
        "all_data_files",
        "all_delete_files",
        "all_entries",
        "all_manifests",
    ],
)
def test_every_metadata_table_is_read(spark: Spark, table: str, part: str) -> None:
    found = spark.sql(f"SELECT * FROM {table}.{part}")
    assert bool(found) != ("delete" in part)


def test_a_metadata_table_is_read_as_of_a_snapshot(spark: Spark, table: str) -> None:
    first = spark.value(f"SELECT snapshot_id FROM {table}.snapshots")
    spark.sql(f"TRUNCATE TABLE {table}")
    files = spark.value(f"SELECT count(*) FROM {table}.files VERSION AS OF {first}")
    assert files > 0
    assert spark.value(f"SELECT count(*) FROM {table}.files") == 0
