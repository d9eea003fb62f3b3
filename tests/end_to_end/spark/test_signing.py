"""Spark SQL without any credential: the server signs each request of the Java S3 client."""

import pytest

from tests.end_to_end.server import Server
from tests.end_to_end.sessions import on_sessions
from tests.end_to_end.spark.session import Spark
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def signed(server: Server, seaweed: Seaweed, spark: Spark) -> str:
    """The namespace of a catalog that Spark has no keys for."""
    lake = on_sessions(
        server, seaweed, vending_strategy={"S3RemoteSigning": {}}, use_sts=False
    ).lake
    properties = {
        "uri": server.url,
        "token": server.token(),
        "warehouse": lake.name,
        "header.X-Iceberg-Access-Delegation": "remote-signing",
    }
    spark.add_catalog("signed_requests", properties)
    spark.sql("CREATE NAMESPACE signed_requests.db")
    return "signed_requests.db"


def test_a_table_is_filled_twice_and_read(spark: Spark, signed: str, name: str) -> None:
    table = f"{signed}.{name}"
    spark.sql(f"CREATE TABLE {table} (id bigint) USING iceberg")
    spark.sql(f"INSERT INTO {table} VALUES (1)")
    spark.sql(f"INSERT INTO {table} VALUES (2)")
    assert spark.rows(f"SELECT * FROM {table}") == [(1,), (2,)]
    spark.sql(f"DELETE FROM {table} WHERE id = 1")
    assert spark.rows(f"SELECT * FROM {table}") == [(2,)]
