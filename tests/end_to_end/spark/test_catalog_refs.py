"""Branches and tags of the whole catalog, as Spark catalogs of their own."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.lake import Lake
from tests.end_to_end.spark.conftest import metadata
from tests.end_to_end.spark.session import Spark, SparkError

pytestmark = pytest.mark.integration
ROWS = [(1, "a"), (2, "b"), (3, "c")]


@pytest.fixture
def forked(spark: Spark, lake: Lake, table: str, name: str) -> Iterator[str]:
    """The test's table, on the branch `dev` and the tag `frozen` made after its rows."""
    lake.branch("dev")
    lake.tag("frozen")
    for catalog in ("dev", "frozen"):
        spark.sql(f"REFRESH TABLE {catalog}.db.{name}")
    yield name
    for path in ("branches/dev", "tags/frozen"):
        answer = lake.server.ask("DELETE", f"/api/v1/{path}?catalog={lake.name}")
        assert answer.status in (200, 204), answer


def test_a_branch_shows_the_tables_of_main(spark: Spark, forked: str) -> None:
    assert spark.rows(f"SELECT * FROM dev.db.{forked}") == ROWS
    assert forked in {row["tableName"] for row in spark.sql("SHOW TABLES IN dev.db")}


def test_writes_on_a_branch_leave_main_alone(spark: Spark, forked: str) -> None:
    spark.sql(f"UPDATE dev.db.{forked} SET data = 'x' WHERE id = 1")
    spark.sql(f"ALTER TABLE dev.db.{forked} ADD COLUMN more int")
    assert spark.rows(f"SELECT id, data FROM dev.db.{forked}") == [(1, "x"), *ROWS[1:]]
    assert spark.rows(f"SELECT * FROM lake.db.{forked}") == ROWS


def test_writes_on_main_do_not_reach_a_branch(spark: Spark, forked: str) -> None:
    spark.sql(f"DELETE FROM lake.db.{forked} WHERE id > 1")
    assert spark.rows(f"SELECT * FROM dev.db.{forked}") == ROWS


def test_a_table_made_on_a_branch_is_not_on_main(spark: Spark, forked: str) -> None:
    spark.sql(f"CREATE TABLE dev.db.only_{forked} USING iceberg AS SELECT 1 AS x")
    assert spark.rows(f"SELECT * FROM dev.db.only_{forked}") == [(1,)]
    with pytest.raises(SparkError, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.sql(f"SELECT * FROM lake.db.only_{forked}")


def test_purging_a_table_on_a_branch_leaves_the_files_of_main(
    spark: Spark, lake: Lake, forked: str
) -> None:
    spark.sql(f"CALL dev.system.expire_snapshots('db.{forked}')")
    path = f"/v1/{lake.name}@dev/namespaces/db/tables/{forked}?purgeRequested=true"
    answer = lake.server.ask("DELETE", path)
    assert answer.status == 204, answer
    spark.sql(f"REFRESH TABLE lake.db.{forked}")
    assert spark.rows(f"SELECT * FROM lake.db.{forked}") == ROWS


def test_a_tag_is_read_and_takes_no_writes(spark: Spark, forked: str) -> None:
    spark.sql(f"INSERT INTO lake.db.{forked} VALUES (4, 'd')")
    assert spark.rows(f"SELECT * FROM frozen.db.{forked}") == ROWS
    with pytest.raises(SparkError, match="read-only"):
        spark.sql(f"INSERT INTO frozen.db.{forked} VALUES (5, 'e')")
    assert spark.rows(f"SELECT * FROM frozen.db.{forked}") == ROWS


def test_a_ref_may_be_named_with_the_table(spark: Spark, forked: str) -> None:
    spark.sql(f"INSERT INTO lake.db.`{forked}@dev` VALUES (4, 'd')")
    assert spark.value(f"SELECT count(*) FROM lake.db.`{forked}@dev`") == 4
    assert spark.rows(f"SELECT * FROM lake.db.{forked}") == ROWS


def test_a_fork_keeps_the_history_of_a_table(lake: Lake, forked: str) -> None:
    assert metadata(lake, forked, "dev") == metadata(lake, forked)
