"""A tenant's view of a store: keys are given without the tenant and cannot name another one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, overload

from pangolin.store.api import (
    Change,
    Conflict,
    D,
    Doc,
    Key,
    Kind,
    Page,
    Put,
    Record,
    RequireEmpty,
    Store,
)

TENANT = "tenant"


@lru_cache(maxsize=1024)
def _require_tenant(kind: Kind, index: str | None = None) -> None:
    if kind.key[0] != TENANT or kind.order(index)[0] != TENANT:
        order = f"index {index!r}" if index else "key"
        raise TypeError(f"{kind.name} is not a tenant's: its {order} must start with {TENANT!r}")


class ScopedStore:
    """A store whose every key, prefix and document belongs to one tenant.

    The methods are those of `Store`; keys, prefixes and index values leave the tenant out, and a
    document gets it filled in. Errors raised: `TypeError` for a kind or index that does not lead
    with the tenant, `ValueError` for a document of another tenant (both are programming errors).
    """

    def __init__(self, store: Store, tenant: str) -> None:
        if type(tenant) is not str or not tenant:
            raise ValueError(f"tenant must be a non-empty id, not {tenant!r}")
        self._store = store
        self._tenant = tenant

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self._tenant

    def get(self, kind: Kind[D], key: Key) -> Record[D] | None:
        """Read one record."""
        return self._store.get(kind, self._own(kind, key))

    @overload
    def get_many(self, wanted: Sequence[tuple[Kind[D], Key]]) -> list[Record[D] | None]: ...

    @overload
    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]: ...

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records in one round trip."""
        return self._store.get_many([(kind, self._own(kind, key)) for kind, key in wanted])

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
        """Read one page; `after` is as in `Store.page` and never includes the prefix."""
        own = self._own(kind, prefix, index)
        return self._store.page(kind, own, index=index, after=after, limit=limit, reverse=reverse)

    def find(self, kind: Kind[D], index: str, values: Key) -> Record[D] | None:
        """Read the first record whose index fields equal `values`."""
        return self._store.find(kind, index, self._own(kind, values, index))

    def scan(
        self, kind: Kind[D], prefix: Key = (), *, index: str | None = None, batch: int = 500
    ) -> Iterator[Record[D]]:
        """Iterate over all records under a prefix."""
        return self._store.scan(kind, self._own(kind, prefix, index), index=index, batch=batch)

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix."""
        return self._store.count(kind, self._own(kind, prefix, index), index=index)

    def purge(self, kind: Kind, prefix: Key = (), *, batch: int = 200) -> int:
        """Delete everything under a prefix in batches, not atomically; return the count."""
        return self._store.purge(kind, self._own(kind, prefix), batch=batch)

    def tolerant(self) -> "ScopedStore":
        """Return the tenant's view for reads that may be slightly stale (lists, searches)."""
        return ScopedStore(self._store.tolerant(), self._tenant)

    def apply(self, *changes: Change) -> None:
        """Apply all changes or none; a `Conflict` names the change as it was passed in."""
        scoped = [self._scope(change) for change in changes]
        try:
            self._store.apply(*scoped)
        except Conflict as conflict:
            for given, own in zip(changes, scoped, strict=True):
                if own is conflict.change:
                    conflict.change = given
            raise

    def _own(self, kind: Kind, values: Key, index: str | None = None) -> Key:
        _require_tenant(kind, index)
        return (self._tenant, *values)

    def _scope(self, change: Change) -> Change:
        if isinstance(change, Put):
            return replace(change, doc=self._own_doc(change.kind, change.doc))
        if isinstance(change, RequireEmpty):
            return replace(change, prefix=self._own(change.kind, change.prefix, change.index))
        return replace(change, key=self._own(change.kind, change.key))

    def _own_doc(self, kind: Kind, doc: Mapping[str, Any]) -> Doc:
        _require_tenant(kind)
        if doc.get(TENANT, self._tenant) != self._tenant:
            raise ValueError(f"a {kind.name} of another tenant was passed to {self._tenant!r}")
        return {**doc, TENANT: self._tenant}
