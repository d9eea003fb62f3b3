"""Spark signs in with a credential, and its client renews the token by itself before it ends."""

import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.lake import on_files
from tests.end_to_end.server import Server, start_server
from tests.end_to_end.spark.session import Spark, SparkError
from tests.servers.stores import StoreEnviron

pytestmark = pytest.mark.integration
CATALOG = "signed"
# Tokens of this server live for a minute; the client renews one when nine tenths are over.
LIFE_SECONDS = 60


@pytest.fixture(scope="module")
def brief(
    tmp_path_factory: pytest.TempPathFactory, store_environ: StoreEnviron
) -> Iterator[Server]:
    """A server whose tokens live for a minute, with a catalog."""
    environ = store_environ() | {"PANGOLIN_TOKEN_MINUTES": "1"}
    running = start_server(tmp_path_factory.mktemp("brief"), env=environ)
    storage = on_files(running, CATALOG)
    running.make("warehouses", name=CATALOG, storage_config=storage.config)
    running.make("catalogs", name=CATALOG, warehouse_name=CATALOG)
    yield running
    assert running.stop() == 0, running.log


def grants(server: Server) -> list[str]:
    """List the grant types of the tokens issued so far."""
    answer = server.ask("GET", "/api/v1/audit?action=generate_token&limit=1000")
    assert answer.status == 200, answer
    return [str(entry["metadata"]["grant_type"]) for entry in answer.body]


def test_spark_outlives_its_token(brief: Server, spark: Spark) -> None:
    made = brief.make("service-users", name="spark", role="tenant-admin")
    credential = f"{made['id']}:{made['api_key']}"
    spark.add_catalog("signed", {"uri": brief.url, "warehouse": CATALOG, "credential": credential})
    spark.sql("CREATE NAMESPACE signed.db")
    spark.sql("CREATE TABLE signed.db.t USING iceberg AS SELECT 1 AS x")
    deadline = time.monotonic() + LIFE_SECONDS * 1.3
    while time.monotonic() < deadline:
        spark.sql("INSERT INTO signed.db.t VALUES (2)")
        time.sleep(5)
    spark.sql("INSERT INTO signed.db.t VALUES (3)")
    assert spark.value("SELECT max(x) FROM signed.db.t") == 3
    assert any("token-exchange" in grant for grant in grants(brief))
    assert grants(brief).count("client_credentials") == 1


def test_spark_is_refused_with_a_wrong_secret(brief: Server, spark: Spark) -> None:
    wrong = {"uri": brief.url, "warehouse": CATALOG, "credential": "nobody:wrong"}
    spark.add_catalog("refused", wrong)
    with pytest.raises(SparkError, match="NotAuthorizedException"):
        spark.sql("SHOW NAMESPACES IN refused")
