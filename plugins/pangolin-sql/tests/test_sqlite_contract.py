"""SQLite keeps the contract."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pangolin_sql.sqlite import open_sqlite

from pangolin.plugin import Settings, Store
from pangolin.testing import StoreContract


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], Store]:
        return partial(open_sqlite, f"sqlite:///{tmp_path}/records.db", Settings())
