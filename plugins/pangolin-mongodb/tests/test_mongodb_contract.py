"""MongoDB keeps the contract."""

from collections.abc import Callable
from functools import partial

import pytest
from pangolin_mongodb.store import open_mongodb

from pangolin.plugin import Settings, Store
from pangolin.testing import StoreContract


class TestMongoStore(StoreContract):
    @pytest.fixture
    def open_store(self, database_url: str) -> Callable[[], Store]:
        return partial(open_mongodb, database_url, Settings(request_timeout=90.0))
