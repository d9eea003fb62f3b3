"""Records in this process's memory, for tests and trials; they are lost when it ends."""

import threading
from collections.abc import Iterable, Sequence
from itertools import count

import orjson

from pangolin.default_plugins.memory_table import Order, Row, Table, record_of
from pangolin.plugin import (
    BadRequest,
    Change,
    Conflict,
    Delete,
    Key,
    Kind,
    Page,
    Put,
    Record,
    RequireEmpty,
    Settings,
    Store,
    StoreBackend,
    hookimpl,
)


class MemoryStore(Store):
    """A thread-safe store in memory; each instance has its own records."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._lock = threading.RLock()
        self._versions = count(1)

    def setup(self, kinds: Sequence[Kind]) -> None:
        """Declare kinds; records of a kind whose layout changed are sorted in again."""
        with self._lock:
            for kind in kinds:
                self._declare(kind)

    def _declare(self, kind: Kind) -> None:
        table, old = Table(kind), self._tables.get(kind.name)
        for key, row in old.rows.items() if old else ():
            table.put(key, table.row(orjson.loads(row[0]), row[1]))
        self._tables[kind.name] = table

    def get(self, kind: Kind, key: Key) -> Record | None:
        """Read one record."""
        return self.get_many([(kind, key)])[0]

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records as of one moment."""
        keys = [(kind.name, kind.checked_key(key)) for kind, key in wanted]
        with self._lock:
            rows = [self._tables[name].rows.get(key) for name, key in keys]
        return [record_of(row) if row else None for row in rows]

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
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        fields = kind.order(index)
        kind.checked_values((*prefix, *(after or ())), fields)
        with self._lock:
            table = self._tables[kind.name]
            order = table.orders[index]
            low, high = order.range(prefix, after, reverse)
            more = high - low > limit
            entries = (
                order.entries[max(low, high - limit) : high][::-1]
                if reverse
                else (order.entries[low : min(high, low + limit)])
            )
            rows = [table.rows[order.key(entry)] for entry in entries]
        beyond = entries[-1][len(prefix) :] if more else None
        return Page([record_of(row) for row in rows], beyond)

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix."""
        kind.checked_values(prefix, kind.order(index))
        with self._lock:
            low, high = self._tables[kind.name].orders[index].bounds(prefix)
        return high - low

    def apply(self, *changes: Change) -> None:
        """Apply all changes or none."""
        puts, writes = self._prepare(changes)
        with self._lock:
            for change in changes:
                self._judge(change)
            self._judge_unique(puts, writes)
            for table, key in writes.values():
                table.drop(key)
            for _, table, row in puts:
                table.put(table.kind.key_of(row[2]), row)

    def _prepare(
        self, changes: Iterable[Change]
    ) -> tuple[list[tuple[Put, Table, Row]], dict[tuple[str, Key], tuple[Table, Key]]]:
        puts: list[tuple[Put, Table, Row]] = []
        writes: dict[tuple[str, Key], tuple[Table, Key]] = {}
        for change in changes:
            table = self._tables[change.kind.name]
            if isinstance(change, Put):
                row = table.row(change.doc, next(self._versions))
                puts.append((change, table, row))
                key = table.kind.key_of(row[2])
            elif isinstance(change, Delete):
                key = table.kind.checked_key(change.key)
            else:
                continue
            if (change.kind.name, key) in writes:
                raise ValueError(f"two writes of one batch touch {change.kind.name} {key}")
            writes[change.kind.name, key] = table, key
        return puts, writes

    def _judge(self, change: Change) -> None:
        table = self._tables[change.kind.name]
        if isinstance(change, RequireEmpty):
            prefix = table.kind.checked_values(change.prefix, table.kind.order(change.index))
            low, high = table.orders[change.index].bounds(prefix)
            why = "it is not empty" if high > low else ""
        elif isinstance(change, Put):
            why = change.unmet(table.version(table.kind.key_of(change.doc)))
        else:
            why = change.unmet(table.version(table.kind.checked_key(change.key)))
        if why:
            raise Conflict(change, why)

    def _judge_unique(
        self,
        puts: Iterable[tuple[Put, Table, Row]],
        writes: dict[tuple[str, Key], tuple[Table, Key]],
    ) -> None:
        claimed: set[tuple[Order, Key]] = set()
        for change, table, row in puts:
            for order in table.unique:
                if (entry := order.entry(row)) is None:
                    continue
                values = entry[: order.width]
                low, high = order.bounds(values)
                owners = (order.key(owner) for owner in order.entries[low:high])
                taken = any((change.kind.name, owner) not in writes for owner in owners)
                if taken or (order, values) in claimed:
                    raise Conflict(change, f"{order.needed} is taken")
                claimed.add((order, values))

    def close(self) -> None:
        """Do nothing: the records live as long as the store."""


def _open(url: str, _settings: Settings) -> Store:
    if url.removeprefix("memory:").strip("/"):
        raise BadRequest(f"store_url must be exactly 'memory:', not {url!r}")
    return MemoryStore()


@hookimpl
def pangolin_stores() -> Sequence[StoreBackend]:
    """Register `memory:`."""
    return [StoreBackend(("memory",), _open, "records in memory, lost when the process ends")]
