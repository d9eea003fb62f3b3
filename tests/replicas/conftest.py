"""Two servers on one store of the kind that `--store` names."""

import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.wire import Connection
from tests.replicas.pair import Pair, paired
from tests.servers.stores import Database, database, shared_database

__all__ = ["shared_database"]
LOG_TAIL = 3000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of the servers' logs with a failed test."""
    report = yield
    for running in getattr(item, "funcargs", {}).values():
        for server in (running.first, running.second) if isinstance(running, Pair) else (running,):
            if report.failed and isinstance(server, Farm):
                report.sections.append((f"log of {server.url}", server.log[-LOG_TAIL:]))
    return report


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, shared_database: Database) -> Iterator[Pair]:
    """Two servers that live as long as the session, for tests that break nothing."""
    with paired(tmp_path_factory.mktemp("pair"), shared_database.environ()) as running:
        yield running


@pytest.fixture
def roots(pair: Pair) -> Iterator[list[Connection]]:
    """Root's connections to the first and the second server."""
    made = pair.connections()
    yield made
    for each in made:
        each.close()


@pytest.fixture
def own_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database server that the test may kill; what it acknowledged outlives that."""
    with database(request.config.getoption("store"), lasting=True, own=True) as running:
        yield running


@pytest.fixture
def own_pair(tmp_path: Path, own_database: Database) -> Iterator[Pair]:
    """Two servers on the test's own database; they give up on a request after ten seconds."""
    environ = own_database.environ() | {"PANGOLIN_REQUEST_TIMEOUT": "10"}
    with paired(tmp_path, environ) as running:
        yield running


@pytest.fixture
def name() -> str:
    """A name of the test's own."""
    return f"n{uuid.uuid4().hex[:8]}"
