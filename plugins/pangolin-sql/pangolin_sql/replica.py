"""Reads that may be a little stale, from a replica; everything else from the primary."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from pangolin.plugin import Change, Key, Kind, Page, Record, Store, Unavailable
from pangolin_sql.store import SqlStore

PAUSE = 5.0
T = TypeVar("T")


class ReplicatedStore(SqlStore):
    """A store whose `tolerant` view reads from a replica."""

    def __init__(self, primary: SqlStore, replica: SqlStore) -> None:
        super().__init__(primary.dialect)
        self._tolerant = TolerantStore(self, replica)

    def tolerant(self) -> Store:
        """Return the view for reads that may lag behind."""
        return self._tolerant

    def close(self) -> None:
        """Close the connections to both."""
        super().close()
        self._tolerant.close()


class TolerantStore(Store):
    """A read-only view: from the replica, or from the primary while the replica is unavailable."""

    def __init__(self, primary: SqlStore, replica: SqlStore) -> None:
        self._primary = primary
        self._replica = replica
        self._away_until = 0.0

    def setup(self, kinds: Sequence[Kind]) -> None:
        """Raise `TypeError`: the primary is set up, and the replica follows."""
        raise TypeError("this view of the store is read-only")

    def apply(self, *changes: Change) -> None:
        """Raise `TypeError`: a batch is judged and written by the primary."""
        raise TypeError("this view of the store is read-only")

    def get(self, kind: Kind, key: Key) -> Record | None:
        """Read one record."""
        return self._read(lambda store: store.get(kind, key))

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records by one statement."""
        return self._read(lambda store: store.get_many(wanted))

    def page(
        self,
        kind: Kind,
        prefix: Key = (),
        *,
        index: str | None = None,
        after: Key | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> Page:
        """Read one page of an order."""
        return self._read(
            lambda store: store.page(
                kind, prefix, index=index, after=after, limit=limit, reverse=reverse
            )
        )

    def find(self, kind: Kind, index: str, values: Key) -> Record | None:
        """Read the first record whose index fields equal `values`."""
        return self._read(lambda store: store.find(kind, index, values))

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix."""
        return self._read(lambda store: store.count(kind, prefix, index=index))

    def ping(self) -> None:
        """Raise `errors.Unavailable` if neither can be read."""
        self._read(lambda store: store.get_many([]))

    def close(self) -> None:
        """Close the connections to the replica."""
        self._replica.close()

    def _read(self, read: Callable[[Store], T]) -> T:
        if time.monotonic() >= self._away_until:
            try:
                return read(self._replica)
            except Unavailable:
                # Not every read should wait to learn that the replica is still unavailable.
                self._away_until = time.monotonic() + PAUSE
        return read(self._primary)
