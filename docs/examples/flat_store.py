"""A third-party record store in one file: everything in one text file, replaced whole.

One line per record: kind, key, version and document, as JSON between tabs. It is slow and safe:
a writer holds a lock file, reads the state, writes all of it beside the old file and renames.
Install it with the entry point `[pangolin] flat = flat_store` and serve `flat:///some/file`.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from pangolin.plugin import (
    BadRequest,
    Change,
    Conflict,
    Delete,
    Doc,
    Key,
    Kind,
    Page,
    Put,
    Record,
    RequireEmpty,
    Settings,
    Store,
    StoreBackend,
    Unavailable,
    Version,
    hookimpl,
)

Row = tuple[bytes, Version]
Rows = dict[tuple[str, Key], Row]


class FlatStore(Store):
    """Records in one file of one host; any number of processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_name(f"{path.name}.lock")
        self._seen: tuple[Any, Rows] | None = None

    def setup(self, kinds: Sequence[Kind]) -> None:
        """Create the file; kinds need no layout here."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if not self._path.exists():
                self._write({})

    def get(self, kind: Kind, key: Key) -> Record | None:
        """Read one record."""
        return self.get_many([(kind, key)])[0]

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records as of one moment."""
        names = [(kind.name, kind.checked_key(key)) for kind, key in wanted]
        rows = self._read()
        return [record(rows[name]) if name in rows else None for name in names]

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
        """Sort what is under the prefix and cut the page out."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        kind.checked_values((*prefix, *(after or ())), kind.order(index))
        found = [
            (entry, row)
            for entry, row in entries(self._read(), kind, index, prefix)
            if not after or beyond(entry[: len(after)], after, reverse)
        ]
        found.sort(key=lambda pair: pair[0], reverse=reverse)
        chosen = found[:limit]
        more = len(found) > limit
        return Page([record(row) for _, row in chosen], chosen[-1][0] if more else None)

    def apply(self, *changes: Change) -> None:
        """Judge every change against the state before the batch, then write the new state."""
        documents = [
            encoded(change.kind, change.doc) for change in changes if isinstance(change, Put)
        ]
        refuse_double_writes(changes)
        with self._alone():
            rows = self._read()
            for change in changes:
                if why := unmet(rows, change):
                    raise Conflict(change, why)
            self._write(changed(rows, changes, iter(documents)))

    def close(self) -> None:
        """Forget what was read."""
        self._seen = None

    def ping(self) -> None:
        """Read the state."""
        self._read()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> Rows:
        # The file is replaced and never changed, so its identity tells whether it is known.
        try:
            with self._path.open("rb") as file:
                stat = os.fstat(file.fileno())
                identity = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                seen = self._seen
                if seen is not None and seen[0] == identity:
                    return seen[1]
                rows = dict(parsed(line) for line in file)
        except OSError as error:
            raise Unavailable(f"{self._path} cannot be read: {error}") from error
        self._seen = (identity, rows)
        return rows

    def _write(self, rows: Rows) -> None:
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("wb") as file:
            for (kind, key), (doc, version) in rows.items():
                file.write(b"%s\t%s\t%d\t%s\n" % (kind.encode(), orjson.dumps(key), version, doc))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def parsed(line: bytes) -> tuple[tuple[str, Key], Row]:
    """Read a line of the file; JSON holds no raw tab or line end."""
    kind, key, version, doc = line.rstrip(b"\n").split(b"\t")
    return (kind.decode(), tuple(orjson.loads(key))), (doc, int(version))


def record(row: Row) -> Record:
    """Make a record that is the caller's own."""
    return Record(orjson.loads(row[0]), row[1])


def encoded(kind: Kind, doc: Doc) -> bytes:
    """Check a document and encode it."""
    kind.row_of(doc)
    try:
        return orjson.dumps(doc)
    except TypeError as error:
        raise BadRequest(f"a {kind.name} must be a JSON document: {error}") from error


def entries(
    rows: Rows, kind: Kind, index: str | None, prefix: Key = ()
) -> Iterator[tuple[Key, Row]]:
    """Iterate over (order fields after the prefix, row) of the rows an index holds."""
    needed = kind.indexes[index].fields if index else ()
    for (name, _), row in rows.items():
        if name != kind.name:
            continue
        doc = orjson.loads(row[0])
        if any(doc.get(field) is None for field in needed):
            continue
        entry = tuple(doc[field] for field in kind.order(index))
        if entry[: len(prefix)] == prefix:
            yield entry[len(prefix) :], row


def beyond(entry: Key, after: Key, reverse: bool) -> bool:
    """Return whether an entry comes after another in the page's direction."""
    return entry < after if reverse else entry > after


def name_of(change: Change) -> tuple[str, Key]:
    """Name the record a change is about."""
    if isinstance(change, Put):
        return change.kind.name, change.kind.key_of(change.doc)
    if isinstance(change, RequireEmpty):
        raise TypeError("RequireEmpty is about no single record")
    return change.kind.name, change.kind.checked_key(change.key)


def refuse_double_writes(changes: Sequence[Change]) -> None:
    """Raise `ValueError` if two writes touch one record."""
    names = [name_of(change) for change in changes if isinstance(change, Put | Delete)]
    if len(set(names)) != len(names):
        raise ValueError("two writes of one batch touch one record")


def unmet(rows: Rows, change: Change) -> str:
    """Return why a change does not hold; empty if it does."""
    if isinstance(change, RequireEmpty):
        change.kind.checked_values(change.prefix, change.kind.order(change.index))
        held = next(entries(rows, change.kind, change.index, change.prefix), None)
        return "it is not empty" if held else ""
    row = rows.get(name_of(change))
    return change.unmet(row[1] if row else None)


def changed(rows: Rows, changes: Sequence[Change], documents: Iterator[bytes]) -> Rows:
    """Return the state after the writes; raise `Conflict` where a unique value is taken."""
    after = dict(rows)
    # The newest version is kept under no kind, so that none is used twice after a delete.
    newest = rows.get(("", ()), (b"", 0))[1]
    for change in changes:
        if isinstance(change, Put | Delete):
            after.pop(name_of(change), None)
    for change in changes:
        if isinstance(change, Put):
            refuse_taken(after, change)
            newest += 1
            after[name_of(change)] = (next(documents), newest)
    after["", ()] = (b"", newest)
    return after


def refuse_taken(rows: Rows, put: Put) -> None:
    """Raise `Conflict` if another record has the values of a unique index."""
    for name, index in put.kind.indexes.items():
        values = tuple(put.doc.get(field) for field in index.fields)
        if not index.unique or None in values:
            continue
        if next(entries(rows, put.kind, name, values), None):
            raise Conflict(put, f"{index.fields} is taken")


def open_flat(url: str, _settings: Settings) -> Store:
    """Open `flat:///absolute/file`."""
    path = Path(url.removeprefix("flat://"))
    if not path.is_absolute():
        raise BadRequest(f"store_url must be flat:///absolute/file, not {url!r}")
    return FlatStore(path)


@hookimpl
def pangolin_stores() -> Sequence[StoreBackend]:
    """Register `flat:`."""
    return [StoreBackend(("flat",), open_flat, "one text file: flat:///absolute/file")]
