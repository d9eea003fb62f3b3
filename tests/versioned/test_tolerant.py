"""Lists may come from a replica that lags; what decides a write never does."""

from pathlib import Path

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.errors import AlreadyExists
from pangolin.services.catalogs import namespaces
from pangolin.services.tables import creation, tables
from pangolin.store.api import Store
from pangolin.store.kinds import ALL
from tests.counting import CountingStore
from tests.samples import SCHEMA
from tests.worlds.one_catalog import context_on


class Replicated(MemoryStore):
    """A store with a replica that has not followed yet."""

    def __init__(self) -> None:
        super().__init__()
        self.replica = CountingStore()

    def tolerant(self) -> Store:
        return self.replica


def test_lists_read_the_replica_and_everything_else_the_primary(tmp_path: Path) -> None:
    store = Replicated()
    ctx = context_on(tmp_path, store)
    store.replica.setup(ALL)
    namespaces.create(ctx, "lake", ["db"], {})
    creation.create(ctx, "lake", ["db"], {"name": "t", "schema": SCHEMA})
    assert namespaces.list_children(ctx, "lake") == ([], None)
    assert tables.list_names(ctx, "lake", ["db"]) == ([], None)
    assert store.replica.trips == ["page namespace", "page asset"]
    assert tables.load(ctx, "lake", ["db"], "t").location
    with pytest.raises(AlreadyExists):
        creation.create(ctx, "lake", ["db"], {"name": "t", "schema": SCHEMA})
    assert len(store.replica.trips) == 2
