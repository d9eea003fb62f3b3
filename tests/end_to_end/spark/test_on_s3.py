"""Spark SQL with a warehouse in S3: what differs is where the files go, so only that is tried."""

import pytest

from tests.end_to_end.lake import Lake, on_s3
from tests.end_to_end.server import Server
from tests.end_to_end.spark.conftest import metadata
from tests.end_to_end.spark.session import Spark
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.integration
CATALOG = "spark-s3"


@pytest.fixture(scope="module")
def bucket(server: Server, seaweed: Seaweed, spark: Spark) -> Lake:
    """The catalog that Spark knows as `bucket`; Spark has keys of its own."""
    storage = on_s3(seaweed, CATALOG)
    server.make("warehouses", name=CATALOG, storage_config=storage.config)
    server.make("catalogs", name=CATALOG, warehouse_name=CATALOG)
    properties = {
        "uri": server.url,
        "token": server.token(),
        "warehouse": CATALOG,
        "client.region": storage.properties["s3.region"],
        "s3.path-style-access": "true",
    }
    spark.add_catalog("bucket", properties | storage.properties)
    spark.sql("CREATE NAMESPACE bucket.db")
    return Lake(server, CATALOG, storage)


def test_create_as_select_and_merge_are_read_back(spark: Spark, bucket: Lake, name: str) -> None:
    table = f"bucket.db.{name}"
    spark.sql(f"CREATE TABLE {table} USING iceberg AS SELECT id, 'old' AS v FROM range(3)")
    spark.sql(
        f"MERGE INTO {table} t USING (SELECT 1L AS id, 'new' AS v) s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET *"
    )
    assert spark.rows(f"SELECT * FROM {table}") == [(0, "old"), (1, "new"), (2, "old")]
    assert metadata(bucket, name)["location"].startswith("s3://")


def test_a_branch_and_a_view_are_read_back(spark: Spark, bucket: Lake, name: str) -> None:
    table = f"bucket.db.{name}"
    spark.sql(f"CREATE TABLE {table} USING iceberg AS SELECT 1 AS x")
    spark.sql(f"ALTER TABLE {table} CREATE BRANCH audit")
    spark.sql(f"INSERT INTO {table}.branch_audit VALUES (2)")
    spark.sql(f"CREATE VIEW {table}_view AS SELECT sum(x) AS n FROM {table}.branch_audit")
    assert spark.value(f"SELECT n FROM {table}_view") == 3


def test_expiry_deletes_files_from_the_bucket(spark: Spark, bucket: Lake, name: str) -> None:
    table = f"bucket.db.{name}"
    spark.sql(f"CREATE TABLE {table} USING iceberg AS SELECT 1 AS x")
    spark.sql(f"INSERT OVERWRITE {table} VALUES (2)")
    before = bucket.files(metadata(bucket, name)["location"])
    spark.sql(
        f"CALL bucket.system.expire_snapshots(table => 'db.{name}', "
        "older_than => TIMESTAMP '2999-01-01 00:00:00')"
    )
    left = bucket.files(metadata(bucket, name)["location"])
    assert len([path for path in before if path.endswith(".parquet")]) == 2
    assert len([path for path in left if path.endswith(".parquet")]) == 1
    assert spark.rows(f"SELECT * FROM {table}") == [(2,)]


def test_drop_purge_empties_the_directory(spark: Spark, bucket: Lake, name: str) -> None:
    table = f"bucket.db.{name}"
    spark.sql(f"CREATE TABLE {table} USING iceberg AS SELECT 1 AS x")
    location = metadata(bucket, name)["location"]
    spark.sql(f"DROP TABLE {table} PURGE")
    assert bucket.files(location) == []
