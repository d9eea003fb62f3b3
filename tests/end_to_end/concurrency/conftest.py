"""One server of three workers for all storms, and root's connection to it."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.concurrency.serving import Farm, farm
from tests.end_to_end.concurrency.wire import Connection, make_namespace
from tests.servers.stores import StoreEnviron


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, store_environ: StoreEnviron) -> Iterator[Farm]:
    """Serve an empty data directory."""
    with farm(tmp_path_factory.mktemp("storm"), workers=3, **store_environ()) as running:
        yield running


@pytest.fixture
def root(server: Farm) -> Iterator[Connection]:
    """Root's connection; the namespace `storm` is there."""
    connection = server.connect()
    make_namespace(connection)
    yield connection
    connection.close()
