"""The sorted tables behind the memory store: immutable rows, searched by bisection."""

from bisect import bisect_left, bisect_right, insort
from typing import Any

import orjson

from pangolin.plugin import BadRequest, Key, Kind, Record, Version

# A row is immutable: the document's JSON, its version and its column values.
Row = tuple[bytes, Version, dict[str, Any]]


def _encode(kind: Kind, doc: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(doc)
    except TypeError as error:
        raise BadRequest(f"a {kind.name} must be a JSON document: {error}") from error


def record_of(row: Row) -> Record:
    """Make a record that belongs to the caller."""
    return Record(orjson.loads(row[0]), row[1])


class Order:
    """The keys of a kind sorted by one index's fields (or by the key), with ranges by prefix."""

    def __init__(self, kind: Kind, index: str | None) -> None:
        self.fields = kind.order(index)
        self.needed = kind.indexes[index].fields if index else ()
        self.width = len(self.needed) if index and kind.indexes[index].unique else 0
        self.at = tuple(self.fields.index(name) for name in kind.key)
        self.entries: list[Key] = []

    def entry(self, row: Row) -> Key | None:
        """Return a row's place in the order; None if it lacks one of the index's fields."""
        columns = row[2]
        if any(columns[name] is None for name in self.needed):
            return None
        return tuple(columns[name] for name in self.fields)

    def add(self, row: Row) -> None:
        """Add a row, if it belongs to this order."""
        if entry := self.entry(row):
            insort(self.entries, entry)

    def drop(self, row: Row) -> None:
        """Remove a row that was added."""
        if entry := self.entry(row):
            del self.entries[bisect_left(self.entries, entry)]

    def key(self, entry: Key) -> Key:
        """Return the record key in an entry."""
        return tuple(entry[place] for place in self.at)

    def bounds(self, prefix: Key) -> tuple[int, int]:
        """Return the half-open range of entries that start with `prefix`."""
        width = len(prefix)
        low = bisect_left(self.entries, prefix)
        return low, bisect_right(self.entries, prefix, low, key=lambda entry: entry[:width])

    def range(self, prefix: Key, after: Key | None, reverse: bool) -> tuple[int, int]:
        """Return the half-open range under `prefix` and beyond `after`."""
        low, high = self.bounds(prefix)
        if not after:
            return low, high
        first, last = self.bounds((*prefix, *after))
        return (low, min(first, high)) if reverse else (max(last, low), high)


class Table:
    """The rows of one kind and their orders."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.columns = kind.columns()
        self.rows: dict[Key, Row] = {}
        self.orders = {index: Order(kind, index) for index in (None, *kind.indexes)}
        self.unique = [order for order in self.orders.values() if order.width]

    def row(self, doc: dict[str, Any], version: Version) -> Row:
        """Check a document and make its row."""
        columns = dict(zip(self.columns, self.kind.row_of(doc), strict=True))
        return _encode(self.kind, doc), version, columns

    def put(self, key: Key, row: Row) -> None:
        """Store a row in place of the one at its key."""
        self.drop(key)
        self.rows[key] = row
        for order in self.orders.values():
            order.add(row)

    def drop(self, key: Key) -> None:
        """Remove the row at a key, if there is one."""
        if row := self.rows.pop(key, None):
            for order in self.orders.values():
                order.drop(row)

    def version(self, key: Key) -> Version | None:
        """Return the version of the record at a key."""
        row = self.rows.get(key)
        return row[1] if row else None
