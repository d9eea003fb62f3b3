"""The database or a server is killed outright in the middle of a storm of commits."""

import time

import pytest

from tests.end_to_end.concurrency.wire import make_table
from tests.replicas.damage import check_kept, storm
from tests.replicas.pair import Pair
from tests.servers.stores import Database

pytestmark = pytest.mark.integration
TABLES = ["shared", "shared", "shared", "shared", "own1", "own2"]


@pytest.mark.database_server
def test_a_killed_database_loses_nothing_acknowledged_and_is_used_again(
    own_pair: Pair, own_database: Database
) -> None:
    def fault() -> None:
        own_database.kill9()
        time.sleep(0.5)
        own_database.start()

    first, second = own_pair.connections()
    seen = storm(own_pair, first, TABLES, fault)
    check_kept(second, TABLES, seen, 500, 503)
    for number, root in enumerate((first, second)):
        assert root.ask("GET", "/health/ready").status == 200
        make_table(root, f"after_{number}")
        root.close()


def test_a_killed_server_loses_nothing_acknowledged_and_the_other_goes_on(own_pair: Pair) -> None:
    def fault() -> None:
        own_pair.first.kill()
        own_pair.first.start()

    first, second = own_pair.connections()
    seen = storm(own_pair, second, TABLES, fault)
    check_kept(second, TABLES, seen, 503)
    check_kept(first, TABLES, seen, 503)
    first.close()
    second.close()
