"""MongoDB keeps the contract."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from pangolin_mongodb import writes
from pangolin_mongodb.store import open_mongodb

from pangolin.plugin import Settings, Store
from pangolin.testing import StoreContract
from pangolin.testing.store_contract_batches import BatchContract, RequireContract
from pangolin.testing.store_contract_indexes import IndexContract
from pangolin.testing.store_contract_kinds import KINDS
from pangolin.testing.store_contract_races import RaceContract


class TestMongoStore(StoreContract):
    @pytest.fixture
    def open_store(self, database_url: str) -> Callable[[], Store]:
        return partial(open_mongodb, database_url, Settings(request_timeout=90.0))


class TestMongoStoreBeforeEight(BatchContract, RequireContract, IndexContract, RaceContract):
    """The parts that write, as servers before 8.0 need it: a command per collection."""

    @pytest.fixture
    def store(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
        monkeypatch.setattr(writes, "ONE_COMMAND_WIRE", 1000)
        store = open_mongodb(database_url, Settings(request_timeout=90.0))
        store.setup(KINDS)
        yield store
        store.close()
