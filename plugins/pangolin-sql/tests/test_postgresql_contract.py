"""PostgreSQL keeps the contract, below locks by name and with serializable transactions."""

from collections.abc import Callable
from functools import partial

import pytest
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import Settings, Store
from pangolin.testing import StoreContract


class TestPostgresqlStore(StoreContract):
    @pytest.fixture
    def open_store(self, postgres_url: str) -> Callable[[], Store]:
        return partial(open_postgresql, postgres_url, Settings())


class TestSerializablePostgresqlStore(StoreContract):
    examples = 30

    @pytest.fixture
    def open_store(self, postgres_url: str) -> Callable[[], Store]:
        return partial(open_postgresql, f"{postgres_url}&isolation=serializable", Settings())
