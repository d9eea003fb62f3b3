"""Views through Spark SQL."""

import pytest

from tests.end_to_end.spark.session import Spark, SparkError

pytestmark = pytest.mark.integration


@pytest.fixture
def view(spark: Spark, table: str) -> str:
    """A view of the test's table that shows the row of id 1."""
    made = f"{table}_view"
    spark.sql(f"CREATE VIEW {made} (key COMMENT 'the id') AS SELECT id FROM {table} WHERE id = 1")
    return made


def names(spark: Spark) -> set[str]:
    return {row["viewName"] for row in spark.sql("SHOW VIEWS IN lake.db")}


def test_a_view_is_made_and_read(spark: Spark, view: str) -> None:
    assert spark.sql(f"SELECT * FROM {view}") == [{"key": 1}]


def test_a_view_resolves_names_where_it_was_made(spark: Spark, table: str, name: str) -> None:
    spark.sql("USE lake.db")
    spark.sql(f"CREATE VIEW {name}_here AS SELECT count(*) AS n FROM {name}")
    spark.sql("USE lake.default")
    assert spark.value(f"SELECT n FROM {table}_here") == 3


def test_views_are_listed_apart_from_tables(spark: Spark, view: str, name: str) -> None:
    assert f"{name}_view" in names(spark)
    listed = {row["tableName"] for row in spark.sql("SHOW TABLES IN lake.db")}
    assert name in listed
    assert f"{name}_view" not in listed


def test_a_view_is_replaced_and_keeps_its_properties(spark: Spark, view: str, table: str) -> None:
    spark.sql(f"ALTER VIEW {view} SET TBLPROPERTIES ('colour' = 'blue')")
    spark.sql(f"CREATE OR REPLACE VIEW {view} AS SELECT data FROM {table}")
    assert spark.rows(f"SELECT * FROM {view}") == [("a",), ("b",), ("c",)]
    shown = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {view}")}
    assert shown["colour"] == "blue"


def test_a_property_of_a_view_is_unset(spark: Spark, view: str) -> None:
    spark.sql(f"ALTER VIEW {view} SET TBLPROPERTIES ('colour' = 'blue')")
    spark.sql(f"ALTER VIEW {view} UNSET TBLPROPERTIES ('colour')")
    shown = {row["key"] for row in spark.sql(f"SHOW TBLPROPERTIES {view}")}
    assert "colour" not in shown


def test_a_view_shows_how_it_was_made(spark: Spark, view: str) -> None:
    assert "WHERE id = 1" in spark.value(f"SHOW CREATE TABLE {view}")


def test_a_view_is_renamed(spark: Spark, view: str) -> None:
    spark.sql(f"ALTER VIEW {view} RENAME TO db.renamed_view")
    assert spark.sql("SELECT * FROM lake.db.renamed_view") == [{"key": 1}]
    spark.sql("DROP VIEW lake.db.renamed_view")


def test_a_view_is_dropped(spark: Spark, view: str, name: str) -> None:
    spark.sql(f"DROP VIEW {view}")
    assert f"{name}_view" not in names(spark)
    with pytest.raises(SparkError, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.sql(f"SELECT * FROM {view}")


def test_a_view_may_not_take_the_name_of_a_table(spark: Spark, table: str) -> None:
    with pytest.raises(SparkError, match="already exists"):
        spark.sql(f"CREATE VIEW {table} AS SELECT 1 AS x")


def test_a_table_may_not_take_the_name_of_a_view(spark: Spark, view: str) -> None:
    with pytest.raises(SparkError, match="already exists"):
        spark.sql(f"CREATE TABLE {view} (id int) USING iceberg")
