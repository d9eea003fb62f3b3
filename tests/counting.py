"""A store that counts its round trips."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from pangolin.app import create_app
from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.plugin import StoreBackend, hookimpl
from pangolin.services.operations.bootstrap import initialise
from pangolin.settings import Settings
from pangolin.store.api import Change, Key, Kind, Page, Record
from tests.hashing import cheap
from tests.servers.keys import SECRET_KEYS


class CountingStore(MemoryStore):
    """Note each call that goes over the wire elsewhere; `get` is a `get_many` of one here."""

    def __init__(self) -> None:
        super().__init__()
        self.trips: list[str] = []

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        self.trips.append("get_many")
        return super().get_many(wanted)

    def page(self, kind: Kind, prefix: Key = (), **more: Any) -> Page:
        self.trips.append(f"page {kind.name}")
        return super().page(kind, prefix, **more)

    def count(self, kind: Kind, prefix: Key = (), **more: Any) -> int:
        self.trips.append(f"count {kind.name}")
        return super().count(kind, prefix, **more)

    def apply(self, *changes: Change) -> None:
        self.trips.append("apply")
        super().apply(*changes)


class Counted:
    """A plugin that serves `counting:` URLs from one store."""

    def __init__(self, store: CountingStore) -> None:
        self.store = store

    @hookimpl
    def pangolin_stores(self) -> list[StoreBackend]:
        return [StoreBackend(("counting",), lambda url, settings: self.store)]


def counted_app(store: CountingStore, directory: Path, *plugins: object, **more: Any) -> Flask:
    """Build an initialised application over a store that counts; `more` are settings."""
    settings = Settings(
        data_dir=str(directory),
        store_url="counting:",
        secret_keys=SECRET_KEYS,
        file_roots=(str(directory),),
        root_password="correct horse",
        **more,
    )
    made = create_app(cheap(settings), plugins=[Counted(store), *plugins])
    initialise(made.extensions["pangolin"].runtime)
    return made
