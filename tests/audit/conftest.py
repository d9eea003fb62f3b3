"""A tenant whose log is written on a store in memory, or in SQLite, by a clock that tests turn."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.registry import Registry
from pangolin.services.context.context import Context
from pangolin.settings import Settings
from pangolin.store.api import Store
from tests.audit.log import Clock
from tests.worlds.one_catalog import context_on


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind that needs no server."""
    if request.param == "memory":
        yield MemoryStore()
        return
    found = Registry(Settings()).open_store(f"sqlite:///{tmp_path}/audit.db")
    yield found
    found.close()


@pytest.fixture
def clock() -> Clock:
    """A clock that moves on by a millisecond with every look."""
    return Clock()


@pytest.fixture
def ctx(tmp_path: Path, store: Store, clock: Clock) -> Context:
    """Root's view of a tenant with a catalog `lake`."""
    made = context_on(tmp_path, store)
    return replace(made, runtime=replace(made.runtime, clock=clock))
