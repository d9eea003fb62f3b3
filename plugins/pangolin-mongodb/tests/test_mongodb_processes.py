"""Many processes on one database, and forks."""

import os
from collections.abc import Callable, Sequence

import pytest
from pangolin_mongodb.store import MongoStore

from pangolin.plugin import Store
from pangolin.testing import ProcessContract


# The driver warns because the child could use the parent's client; it does not.
@pytest.mark.filterwarnings("ignore:MongoClient opened before fork")
class TestMongoProcesses(ProcessContract):
    processes = 4
    rounds = 25
    close_waits = False

    @pytest.fixture
    def open_store(self, open_store: Callable[[], Store]) -> Callable[[], Store]:
        return open_store

    def connections(self, store: Store) -> Sequence[object]:
        assert isinstance(store, MongoStore)
        found = store._connections._open.get(os.getpid())
        return [found.client] if found else []
