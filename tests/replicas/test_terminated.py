"""A database that ends its connections in order, also those that commit, in a storm of commits."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import CATALOG, Connection, load, make_table
from tests.replicas.damage import check_kept, storm
from tests.replicas.pair import Pair
from tests.servers.cuts import cut_commits, slow_commits
from tests.servers.stores import Database

pytestmark = [pytest.mark.integration, pytest.mark.database_server]
TABLES = [f"table{number}" for number in range(6)] + ["table0", "table1"]
RESTARTS, CUTS, SECONDS = 3, 40, 10.0
REFS = ("branches", "from_branch", "dev"), ("tags", "from_ref", "frozen")


def restart(database: Database) -> None:
    for _ in range(RESTARTS):
        database.restart()
        time.sleep(1)


@pytest.fixture
def root(own_pair: Pair) -> Iterator[Connection]:
    """Root's connection to the first server; a table `before` is on a branch and a tag, too."""
    root = own_pair.connections()[0]
    make_table(root, "before")
    for kind, source, name in REFS:
        body = {"name": name, "catalog": CATALOG, source: "main"}
        assert root.ask("POST", f"/api/v1/{kind}", body).status in (200, 201)
    yield root
    root.close()


def check_all(pair: Pair) -> None:
    """Both servers are ready again and load each table on each ref."""
    for root in pair.connections():
        assert root.ask("GET", "/health/ready").status == 200
        for _, _, name in REFS:
            assert load(root, "before", prefix=f"{CATALOG}@{name}").status == 200
        for table in {"before", *TABLES}:
            history(root, table)
        root.close()


@pytest.mark.parametrize(
    "fault", [partial(cut_commits, times=CUTS, seconds=SECONDS - 2), restart], ids=["cuts", "stops"]
)
def test_commits_whose_connections_are_ended_are_kept_or_open_and_no_table_is_lost(
    own_pair: Pair, root: Connection, own_database: Database, fault: Callable[[Database], None]
) -> None:
    slow_commits(own_database)
    seen = storm(own_pair, root, TABLES, partial(fault, own_database), SECONDS, after=1)
    check_kept(root, TABLES, seen, 500, 503)
    check_all(own_pair)
    if own_database.name == "postgresql":
        assert seen.unknown, "no commit was met"
