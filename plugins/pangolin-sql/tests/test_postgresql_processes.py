"""Many processes on one database: first starts that collide, forks, and nothing lost."""

from collections.abc import Callable, Sequence
from functools import partial

import psycopg
import pytest
from pangolin_sql.pool import Pool
from pangolin_sql.postgresql import open_postgresql
from pangolin_sql.store import SqlStore

from pangolin.plugin import Settings, Store
from pangolin.testing import ProcessContract
from pangolin.testing.process_contract import hits, increment
from pangolin.testing.store_contract_kinds import KINDS
from pangolin.testing.store_contract_races import run_together


@pytest.fixture
def open_store(postgres_url: str) -> Callable[[], Store]:
    return partial(open_postgresql, f"{postgres_url}&pool_size=4", Settings())


def pool_of(store: Store) -> Pool:
    assert isinstance(store, SqlStore)
    assert isinstance(store._sessions, Pool)
    return store._sessions


class TestPostgresqlProcesses(ProcessContract):
    @pytest.fixture
    def open_store(self, open_store: Callable[[], Store]) -> Callable[[], Store]:
        return open_store

    def connections(self, store: Store) -> Sequence[object]:
        return [link.connection for link in pool_of(store).here().idle]

    def is_open(self, connection: object) -> bool:
        assert isinstance(connection, psycopg.Connection)
        return not connection.closed


def test_threads_share_no_more_connections_than_the_pool_holds(
    open_store: Callable[[], Store],
) -> None:
    store = open_store()
    store.setup(KINDS)
    run_together([lambda: increment(store)] * 20)
    assert hits(store) == 20
    assert 1 <= len(pool_of(store).here().idle) <= 4
    store.close()
