"""A store that counts its round trips."""

from collections.abc import Sequence
from typing import Any

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.store.api import Change, Key, Kind, Page, Record


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
