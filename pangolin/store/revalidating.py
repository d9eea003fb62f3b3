"""A tenant's view of a store for a credential that is still to be confirmed.

A credential seen before is known to this process, but may have been revoked on another. Its record
is read again together with the first read of the request, so that a revocation takes effect with
the very next request everywhere and still costs no round trip of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from pangolin.store.api import Change, D, Key, Kind, Page, Record, Store
from pangolin.store.scoped import ScopedStore


@dataclass(slots=True)
class Revalidation:
    """A record to be read once in a request; `check` raises if it no longer vouches for it."""

    kind: Kind
    key: Key
    check: Callable[[Record | None], None]
    confirmed: bool = False

    def confirm(self, record: Record | None) -> None:
        """Check the record as it is now."""
        self.check(record)
        self.confirmed = True

    def confirm_with(self, store: Store) -> None:
        """Read the record by itself, unless that has been done."""
        if not self.confirmed:
            self.confirm(store.get(self.kind, self.key))


class RevalidatingStore(ScopedStore):
    """A scoped store that confirms the revalidation with its first read."""

    def __init__(self, store: Store, tenant: str, revalidation: Revalidation) -> None:
        super().__init__(store, tenant)
        self._revalidation = revalidation

    def get(self, kind: Kind[D], key: Key) -> Record[D] | None:
        """Read one record."""
        found: list[Record[D] | None] = self.get_many([(kind, key)])
        return found[0]

    @overload
    def get_many(self, wanted: Sequence[tuple[Kind[D], Key]]) -> list[Record[D] | None]: ...

    @overload
    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]: ...

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records in one round trip, together with the one to revalidate."""
        if self._revalidation.confirmed:
            return super().get_many(wanted)
        own = [(kind, self._own(kind, key)) for kind, key in wanted]
        first, *records = self._store.get_many(
            [(self._revalidation.kind, self._revalidation.key), *own]
        )
        self._revalidation.confirm(first)
        return records

    def page(
        self,
        kind: Kind[D],
        prefix: Key = (),
        *,
        index: str | None = None,
        after: Key | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> Page[D]:
        """Read one page."""
        self._revalidation.confirm_with(self._store)
        return super().page(kind, prefix, index=index, after=after, limit=limit, reverse=reverse)

    def find(self, kind: Kind[D], index: str, values: Key) -> Record[D] | None:
        """Read the first record whose index fields equal `values`."""
        self._revalidation.confirm_with(self._store)
        return super().find(kind, index, values)

    def scan(
        self, kind: Kind[D], prefix: Key = (), *, index: str | None = None, batch: int = 500
    ) -> Iterator[Record[D]]:
        """Iterate over all records under a prefix."""
        self._revalidation.confirm_with(self._store)
        return super().scan(kind, prefix, index=index, batch=batch)

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix."""
        self._revalidation.confirm_with(self._store)
        return super().count(kind, prefix, index=index)

    def purge(self, kind: Kind, prefix: Key = (), *, batch: int = 200) -> int:
        """Delete everything under a prefix in batches, not atomically; return the count."""
        self._revalidation.confirm_with(self._store)
        return super().purge(kind, prefix, batch=batch)

    def tolerant(self) -> ScopedStore:
        """Return the view for reads that may be a little stale; confirms the revalidation first."""
        self._revalidation.confirm_with(self._store)
        return super().tolerant()

    def apply(self, *changes: Change) -> None:
        """Apply all changes or none."""
        self._revalidation.confirm_with(self._store)
        super().apply(*changes)
