"""The memory store keeps the contract."""

from collections.abc import Callable

import pytest

from pangolin.default_plugins.memory_store import MemoryStore, pangolin_stores
from pangolin.errors import BadRequest
from pangolin.settings import Settings
from pangolin.store.api import Store
from pangolin.testing import StoreContract


class TestMemoryStore(StoreContract):
    durable = False

    @pytest.fixture
    def open_store(self) -> Callable[[], Store]:
        return MemoryStore


def test_each_memory_store_is_its_own() -> None:
    (backend,) = pangolin_stores()
    assert backend.schemes == ("memory",)
    assert backend.open("memory:", Settings()) is not backend.open("memory://", Settings())


def test_a_memory_store_cannot_be_named() -> None:
    (backend,) = pangolin_stores()
    with pytest.raises(BadRequest, match="store_url must be exactly 'memory:'"):
        backend.open("memory://shared", Settings())
