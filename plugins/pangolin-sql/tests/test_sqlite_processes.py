"""Many processes on one file: first starts that collide, fair shares, forks."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from pangolin_sql.sessions import Session, ThreadSessions
from pangolin_sql.sqlite import open_sqlite
from pangolin_sql.store import SqlStore

from pangolin.plugin import Settings, Store
from pangolin.testing import ProcessContract
from pangolin.testing.process_contract import hits, increment
from pangolin.testing.store_contract_kinds import KINDS


@pytest.fixture
def open_store(tmp_path: Path) -> Callable[[], Store]:
    return partial(open_sqlite, f"sqlite:///{tmp_path}/new/records.db", Settings())


def sessions_of(store: Store) -> list[Session]:
    assert isinstance(store, SqlStore)
    assert isinstance(store._sessions, ThreadSessions)
    return store._sessions.here().sessions


class TestSqliteProcesses(ProcessContract):
    rounds = 50

    @pytest.fixture
    def open_store(self, open_store: Callable[[], Store]) -> Callable[[], Store]:
        return open_store

    def connections(self, store: Store) -> Sequence[object]:
        return [session.connection for session in sessions_of(store)]

    def is_open(self, connection: object) -> bool:
        assert isinstance(connection, sqlite3.Connection)
        try:
            return connection.total_changes >= 0
        except sqlite3.ProgrammingError:
            return False


def test_connections_of_threads_that_ended_are_closed(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.setup(KINDS)
    for _ in range(20):
        thread = threading.Thread(target=increment, args=(store,))
        thread.start()
        thread.join()
    assert hits(store) == 20
    assert len(sessions_of(store)) <= 2
    store.close()
