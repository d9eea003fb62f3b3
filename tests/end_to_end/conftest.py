"""One server for all clients of this directory, and a fresh catalog for each module and storage."""

import re
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from pyiceberg.catalog.rest import RestCatalog

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.duck import Duck, connected
from tests.end_to_end.lake import Lake, Storage, on_files, on_s3
from tests.end_to_end.rest import Rest, speaking
from tests.end_to_end.server import Server, start_server
from tests.servers.seaweed import seaweed
from tests.servers.stores import StoreEnviron, shared_database, store_environ

__all__ = ["seaweed", "shared_database", "store_environ"]
LOG_TAIL = 2000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the server's log with a failed test."""
    report = yield
    running = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(running, Farm):
        report.sections.append(("the server's log", running.log[-LOG_TAIL:]))
    return report


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, store_environ: StoreEnviron
) -> Iterator[Server]:
    """Serve an empty data directory by two workers."""
    running = start_server(tmp_path_factory.mktemp("server"), env=store_environ())
    yield running
    assert running.stop() == 0, running.log


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a catalog on every storage, or on those its module names in `STORAGES`."""
    if "storage_name" in metafunc.fixturenames:
        names = getattr(metafunc.module, "STORAGES", ("file", "s3"))
        metafunc.parametrize("storage_name", names, scope="module")


@pytest.fixture(scope="module")
def storage(request: pytest.FixtureRequest, storage_name: str, server: Server) -> Storage:
    """The location of the module's warehouse."""
    directory = f"wh-{uuid.uuid4().hex[:8]}"
    if storage_name == "s3":
        return on_s3(request.getfixturevalue("seaweed"), directory)
    return on_files(server, directory)


@pytest.fixture(scope="module")
def lake(server: Server, storage: Storage) -> Lake:
    """A fresh catalog in a fresh warehouse."""
    name = f"lake-{uuid.uuid4().hex[:8]}"
    server.make("warehouses", name=f"{name}-wh", storage_config=storage.config)
    server.make("catalogs", name=name, warehouse_name=f"{name}-wh")
    return Lake(server, name, storage)


@pytest.fixture(scope="module")
def catalog(lake: Lake) -> Iterator[RestCatalog]:
    """PyIceberg, connected to the catalog."""
    connected = lake.catalog()
    yield connected
    connected.close()


@pytest.fixture
def namespace(catalog: RestCatalog, request: pytest.FixtureRequest) -> str:
    """An empty namespace of the test's own."""
    name = re.sub(r"\W+", "_", str(request.node.name)).removeprefix("test_")[:60].strip("_")
    catalog.create_namespace(name)
    return name


@pytest.fixture
def duck(lake: Lake, catalog: RestCatalog, tmp_path: Path) -> Iterator[Duck]:
    """DuckDB on a connection of the test's own, as it keeps the tables it has seen."""
    catalog.create_namespace_if_not_exists("db")
    with connected(lake, tmp_path) as duck:
        yield duck


@pytest.fixture
def name() -> str:
    """A name of the test's own."""
    return f"n{uuid.uuid4().hex[:8]}"


@pytest.fixture
def duck_table(duck: Duck, name: str) -> str:
    """A table made by DuckDB with the rows (1, n1), (2, n2), (3, n3), as SQL names it."""
    made = f"lake.db.{name}"
    duck.run(
        f"CREATE TABLE {made} (id BIGINT, name VARCHAR)",
        f"INSERT INTO {made} VALUES (1, 'n1'), (2, 'n2'), (3, 'n3')",
    )
    return made


@pytest.fixture
def rest(lake: Lake) -> Iterator[Rest]:
    """The catalog's protocol, by hand."""
    with speaking(lake) as rest:
        yield rest
