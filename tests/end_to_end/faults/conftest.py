"""A server of its own for each test, since the test breaks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm, farm
from tests.end_to_end.concurrency.wire import Connection, make_namespace
from tests.servers.stores import StoreEnviron


@pytest.fixture
def server(tmp_path: Path, store_environ: StoreEnviron) -> Iterator[Farm]:
    """Serve an empty data directory with three workers."""
    with farm(tmp_path, workers=3, **store_environ()) as running:
        yield running


@pytest.fixture
def root(server: Farm) -> Iterator[Connection]:
    """Root's connection; the namespace `storm` is there."""
    connection = server.connect()
    make_namespace(connection)
    yield connection
    connection.close()
