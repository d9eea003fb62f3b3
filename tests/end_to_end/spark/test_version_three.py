"""Format v3 through Spark SQL: row lineage and deletion vectors."""

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import metadata
from tests.end_to_end.spark.session import Spark

pytestmark = pytest.mark.integration


@pytest.fixture
def lineage(spark: Spark, name: str) -> str:
    """A format v3 table with rows 0 to 9 in one file, changed by merging on read."""
    table = f"lake.db.{name}"
    modes = ", ".join(
        f"'write.{verb}.mode' = 'merge-on-read'" for verb in ("merge", "update", "delete")
    )
    spark.sql(
        f"CREATE TABLE {table} (id bigint) USING iceberg "
        f"TBLPROPERTIES ('format-version' = '3', {modes})"
    )
    spark.sql(f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ id FROM range(10)")
    return table


def test_rows_have_ids_and_the_catalog_counts_them(
    spark: Spark, lake: Lake, lineage: str, name: str
) -> None:
    assert spark.rows(f"SELECT _row_id FROM {lineage}") == [(number,) for number in range(10)]
    found = metadata(lake, name)
    assert found["next-row-id"] == 10
    assert found["snapshots"][0]["first-row-id"] == 0


def test_an_update_keeps_row_ids_and_moves_their_sequence(spark: Spark, lineage: str) -> None:
    spark.sql(f"UPDATE {lineage} SET id = 100 WHERE id = 4")
    found = spark.rows(
        f"SELECT id, _row_id, _last_updated_sequence_number FROM {lineage} WHERE id IN (3, 100)"
    )
    assert found == [(3, 3, 1), (100, 4, 2)]


def test_deletes_are_deletion_vectors(spark: Spark, lineage: str) -> None:
    spark.sql(f"DELETE FROM {lineage} WHERE id < 3")
    assert spark.rows(f"SELECT file_format, record_count FROM {lineage}.delete_files") == [
        ("PUFFIN", 3)
    ]
    assert spark.value(f"SELECT count(*) FROM {lineage}") == 7


def test_a_second_delete_replaces_the_vector(spark: Spark, lineage: str) -> None:
    spark.sql(f"DELETE FROM {lineage} WHERE id < 3")
    spark.sql(f"DELETE FROM {lineage} WHERE id = 5")
    assert spark.rows(f"SELECT record_count FROM {lineage}.delete_files") == [(4,)]
    assert spark.value(f"SELECT count(*) FROM {lineage}") == 6


def test_compaction_applies_vectors_and_keeps_row_ids(
    spark: Spark, lineage: str, name: str
) -> None:
    spark.sql(f"DELETE FROM {lineage} WHERE id < 3")
    options = "map('rewrite-all', 'true')"
    spark.sql(f"CALL lake.system.rewrite_data_files(table => 'db.{name}', options => {options})")
    found = spark.rows(f"SELECT id, _row_id FROM {lineage}")
    assert found == [(number, number) for number in range(3, 10)]
