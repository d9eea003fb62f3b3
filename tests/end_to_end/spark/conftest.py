"""One Spark session for all tests of this directory, on one catalog, and a table for each test."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.lake import Lake, on_files
from tests.end_to_end.server import Server
from tests.end_to_end.spark.session import Spark, session

CATALOG = "spark"


@pytest.fixture(scope="session")
def lake(server: Server) -> Lake:
    """The catalog that Spark knows as `lake`, on local files."""
    storage = on_files(server, CATALOG)
    server.make("warehouses", name=CATALOG, storage_config=storage.config)
    server.make("catalogs", name=CATALOG, warehouse_name=CATALOG)
    return Lake(server, CATALOG, storage)


@pytest.fixture(scope="session")
def spark(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """A session with the catalogs `lake` (at main), `dev` (a branch) and `frozen` (a tag).

    The branch and the tag are made by the tests, before they use those catalogs.
    """
    shared = {"uri": lake.server.url, "token": lake.server.token()}
    catalogs = {
        "lake": shared | {"warehouse": CATALOG},
        "dev": shared | {"warehouse": f"{CATALOG}@dev"},
        "frozen": shared | {"warehouse": f"{CATALOG}@frozen"},
    }
    with session(tmp_path_factory.mktemp("spark"), catalogs) as running:
        running.sql("CREATE NAMESPACE lake.db")
        yield running


def loaded(lake: Lake, name: str, ref: str = "main") -> dict[str, Any]:
    """Load a table of the namespace `db` from the catalog."""
    answer = lake.server.ask("GET", f"/v1/{lake.name}@{ref}/namespaces/db/tables/{name}")
    assert answer.status == 200, answer
    return dict(answer.body)


def metadata(lake: Lake, name: str, ref: str = "main") -> dict[str, Any]:
    """Load a table's metadata from the catalog."""
    return dict(loaded(lake, name, ref)["metadata"])


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A table name of the test's own."""
    return re.sub(r"\W+", "_", str(request.node.name)).removeprefix("test_")


@pytest.fixture
def table(spark: Spark, name: str) -> str:
    """A format v2 table of (id, data) with the rows (1, a), (2, b), (3, c)."""
    made = f"lake.db.{name}"
    spark.sql(f"CREATE TABLE {made} (id bigint, data string) USING iceberg")
    spark.sql(f"INSERT INTO {made} VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    return made
