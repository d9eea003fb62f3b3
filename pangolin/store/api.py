"""The store interface: typed records with declared keys and indexes, and one atomic batch.

A store is small on purpose: every rule of the domain lives once, above it. Keys and index values
are text or integers; text is ordered by code point, integers by value. A record lacking one of an
index's fields (absent or None) is not in that index.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic

from pangolin.errors import BadRequest, PangolinError

Scalar = str | int
Key = tuple[Scalar, ...]
Doc = dict[str, Any]

if TYPE_CHECKING:
    # Checkers bring it; a kind whose documents are not described holds any.
    from typing_extensions import TypeVar

    D = TypeVar("D", bound=Mapping[str, Any], default=Any)
else:
    from typing import TypeVar

    D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Index:
    """An order over some fields of a kind; a unique index refuses two records with equal values.

    Rows of a non-unique index are ordered by its fields and then by the kind's key.
    """

    fields: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, eq=False)
class Kind(Generic[D]):
    """A record type: its name, key fields, indexes and the fields that hold integers.

    `name` is lower-case snake and becomes a table or collection name. Key and index fields are
    top-level members of the document. Fields in `integers` hold 64-bit signed integers.
    """

    name: str
    key: tuple[str, ...]
    indexes: Mapping[str, Index] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()

    def key_of(self, doc: Mapping[str, Any]) -> Key:
        """Read the key out of a document."""
        return tuple(doc[name] for name in self.key)

    def columns(self) -> tuple[str, ...]:
        """List key fields, then index fields not in the key, each once."""
        extra = (name for index in self.indexes.values() for name in index.fields)
        return tuple(dict.fromkeys((*self.key, *extra)))

    def order(self, index: str | None) -> tuple[str, ...]:
        """List the fields that order a page: the index's, then the key's that it lacks."""
        if index is None:
            return self.key
        fields = self.indexes[index].fields
        return (*fields, *(name for name in self.key if name not in fields))

    def checked(self, name: str, value: Any) -> Scalar:
        """Return a key or index value; raise `BadRequest` if the field cannot hold it."""
        if name in self.integers:
            if type(value) is int and -INTEGER_LIMIT <= value < INTEGER_LIMIT:
                return value
            raise BadRequest(f"{self.name}.{name} must be a 64-bit integer, not {value!r:.100}")
        if type(value) is not str:
            raise BadRequest(f"{self.name}.{name} must be text, not {value!r:.100}")
        if not value.isascii() and SURROGATE.search(value):
            raise BadRequest(f"{self.name}.{name} must be Unicode text without lone surrogates")
        return value

    def checked_values(self, values: Key, fields: Sequence[str]) -> Key:
        """Return values of leading `fields`, checked; raise `ValueError` if there are too many."""
        if len(values) > len(fields):
            raise ValueError(f"{self.name} is ordered by {fields}, {len(values)} values are given")
        return self._checked_all(fields, values)

    def checked_key(self, key: Key) -> Key:
        """Return a whole key, checked; raise `ValueError` unless it has one value per field."""
        if len(key) != len(self.key):
            raise ValueError(f"the key of {self.name} is {self.key}, {len(key)} values are given")
        if not self.integers and all(type(value) is str and value.isascii() for value in key):
            return key
        return self._checked_all(self.key, key)

    def row_of(self, doc: Mapping[str, Any]) -> tuple[Scalar | None, ...]:
        """Read the `columns` out of a document, checked; only those outside the key may be None."""
        extra = self.columns()[len(self.key) :]
        held = [name for name in extra if doc.get(name) is not None]
        values = dict(zip(held, self._checked_all(held, [doc[name] for name in held]), strict=True))
        key = self._checked_all(self.key, [doc.get(name) for name in self.key])
        return (*key, *map(values.get, extra))

    def _checked_all(self, names: Iterable[str], values: Iterable[Any]) -> Key:
        # Nearly all are plain text: those are not worth a call each.
        return tuple(
            value
            if type(value) is str and value.isascii() and name not in self.integers
            else self.checked(name, value)
            for name, value in zip(names, values, strict=False)
        )


class Expect(Enum):
    """What a change expects to find if it names no version."""

    ABSENT = "absent"
    ANY = "any"


ABSENT: Final = Expect.ABSENT
ANY: Final = Expect.ANY
# A version is opaque to services: they read it and pass it back. Stores never reuse one for a
# key, so that delete and re-create is not mistaken for "unchanged".
Version = int
Expected = Expect | Version
INTEGER_LIMIT: Final = 2**63
SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Record(Generic[D]):
    """A stored document and the version that a change may expect."""

    doc: D
    version: Version


@dataclass(frozen=True, slots=True)
class Page(Generic[D]):
    """Some records in order, and the `after` of the next page (None on the last)."""

    records: Sequence[Record[D]]
    after: Key | None


@dataclass(frozen=True, slots=True)
class Put(Generic[D]):
    """Write a document: insert (ABSENT), replace if at a version, or upsert (ANY)."""

    kind: Kind[D]
    doc: D
    expect: Expected = ABSENT

    def unmet(self, found: Version | None) -> str:
        """Return what is unmet if the record is at `found` (None: absent); empty if nothing is."""
        return _unmet(self.expect, found)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a record that is at a version, or whatever is there (ANY; absent is fine)."""

    kind: Kind
    key: Key
    expect: Expected = ANY

    def unmet(self, found: Version | None) -> str:
        """Return what is unmet if the record is at `found` (None: absent); empty if nothing is."""
        return _unmet(self.expect, found)


@dataclass(frozen=True, slots=True)
class Require:
    """Require that another record stays at a version, present (ANY) or absent until the commit."""

    kind: Kind
    key: Key
    expect: Expected = ANY

    def unmet(self, found: Version | None) -> str:
        """Return what is unmet if the record is at `found` (None: absent); empty if nothing is."""
        if self.expect is ANY and found is None:
            return "it is absent"
        return _unmet(self.expect, found)


@dataclass(frozen=True, slots=True)
class RequireEmpty:
    """Demand that no record's leading key (or index) fields equal `prefix`."""

    kind: Kind
    prefix: Key
    index: str | None = None


Change = Put | Delete | Require | RequireEmpty


def _unmet(expect: Expected, found: Version | None) -> str:
    if expect is ANY:
        return ""
    if expect is ABSENT:
        return "" if found is None else "it exists"
    if found is None:
        return "it is absent"
    return "" if found == expect else "it has changed"


class Conflict(PangolinError):
    """A change of a batch did not find what it expected; nothing of the batch was written."""

    status = 409
    type = "ConflictException"

    def __init__(self, change: Change, why: str = "") -> None:
        what = f"{type(change).__name__} of {change.kind.name}"
        super().__init__(f"{what} did not hold{': ' + why if why else ''}")
        self.change = change


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a backend reports about one part of itself; no `problem` means that it is healthy."""

    part: str
    value: str = ""
    problem: str = ""
    remedy: str = ""


class Store(ABC):
    """Keep records of declared kinds; `pangolin.testing.StoreContract` tests an implementation.

    A store that many processes share is proved by `pangolin.testing.ProcessContract` as well.

    Errors raised: `Conflict` (definitely not applied), `errors.Unavailable` (definitely not
    applied), `errors.OutcomeUnknown` (a connection was lost during commit).
    """

    @abstractmethod
    def setup(self, kinds: Sequence[Kind]) -> None:
        """Create or extend the layout; idempotent, safe to run from several processes at once."""

    @abstractmethod
    def get(self, kind: Kind[D], key: Key) -> Record[D] | None:
        """Read one record."""

    @abstractmethod
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
        """Read records whose leading fields equal `prefix`, ordered by the rest.

        `after` holds values for a leading part of the order fields that follow the prefix: only
        rows beyond it (below it, if `reverse`) are returned. A row that equals a partial `after`
        is not beyond it. An empty `after` is like None. `Page.after` holds values for all of them.
        """

    @abstractmethod
    def apply(self, *changes: Change) -> None:
        """Apply all changes or none; raise `Conflict` for the first that does not hold.

        Preconditions are judged against the state before the batch, unique indexes on the state
        after it, and the writes are atomic: no reader sees a part. `ValueError` is raised if two
        writes of a batch touch one key.
        """

    @abstractmethod
    def close(self) -> None:
        """Release connections; the store may be used again and reopens them."""

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records, in one round trip where the backend can."""
        return [self.get(kind, key) for kind, key in wanted]

    def find(self, kind: Kind[D], index: str, values: Key) -> Record[D] | None:
        """Read the first record whose index fields equal `values`."""
        records = self.page(kind, values, index=index, limit=1).records
        return records[0] if records else None

    def scan(
        self, kind: Kind[D], prefix: Key = (), *, index: str | None = None, batch: int = 500
    ) -> Iterator[Record[D]]:
        """Iterate over all records under a prefix, page by page."""
        after: Key | None = None
        while True:
            page = self.page(kind, prefix, index=index, after=after, limit=batch)
            yield from page.records
            if page.after is None:
                return
            after = page.after

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix."""
        return sum(1 for _ in self.scan(kind, prefix, index=index))

    def purge(self, kind: Kind, prefix: Key, *, batch: int = 200) -> int:
        """Delete everything under a key prefix in batches, not atomically; return the count."""
        total = 0
        while records := self.page(kind, prefix, limit=batch).records:
            self.apply(*(Delete(kind, kind.key_of(record.doc)) for record in records))
            total += len(records)
        return total

    def inspect(self, kinds: Sequence[Kind]) -> Sequence[Inspection]:
        """Return what an operator should know: indexes, isolation, clock, replication, capacity."""
        return ()

    def tolerant(self) -> "Store":
        """Return the store for reads that may be slightly stale (lists, searches, audits).

        It may be read-only. Nothing read from it may be used for a precondition.
        """
        return self

    def ping(self) -> None:
        """Raise `errors.Unavailable` if the backend cannot be reached or written to."""
        self.get_many([])
