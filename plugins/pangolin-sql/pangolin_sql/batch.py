"""One batch inside one transaction: read what it depends on, judge, write."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pangolin.plugin import (
    BadRequest,
    Change,
    Conflict,
    Doc,
    Kind,
    Put,
    Require,
    RequireEmpty,
    Version,
)
from pangolin_sql.columns import Encoded, encode, encode_key, encode_values
from pangolin_sql.dialect import Ask, Place, Row
from pangolin_sql.locks import Lock, locks_of
from pangolin_sql.statements import Statements


@dataclass(slots=True)
class Step:
    """A change, checked and encoded before the transaction so that no lock is held meanwhile.

    `key` is encoded (the prefix, for `RequireEmpty`); `row` is what a `Put` writes.
    """

    change: Change
    sql: Statements
    key: Encoded
    row: list[Any]

    @property
    def place(self) -> Place:
        """What is locked, and in which order."""
        return self.change.kind.name, self.key


def prepare(change: Change, sql: Statements) -> Step:
    """Check and encode a change; raise `BadRequest` for what cannot be stored."""
    kind = change.kind
    if isinstance(change, RequireEmpty):
        return Step(change, sql, encode_values(kind, change.prefix, kind.order(change.index)), [])
    if not isinstance(change, Put):
        return Step(change, sql, encode_key(kind, change.key), [])
    columns = [encode(value) for value in kind.row_of(change.doc)]
    row = [*columns, new_version(), to_body(kind, change.doc)]
    return Step(change, sql, tuple(columns[: len(kind.key)]), row)


def new_version() -> Version:
    """Draw 63 random bits: never reused, and without a counter that must survive deletion."""
    return int.from_bytes(os.urandom(8), "big") >> 1


def to_body(kind: Kind, doc: Doc) -> str:
    """Write a document as JSON text; raise `BadRequest` if it is not JSON."""
    try:
        return orjson.dumps(doc).decode()
    except TypeError as error:
        raise BadRequest(f"a {kind.name} must be a JSON document: {error}") from error


class Batch:
    """The steps of one `apply`; raise `ValueError` if two writes touch one key."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        keyed = (step for step in steps if not isinstance(step.change, RequireEmpty))
        # Every batch locks in the same order, so that no two wait for each other.
        self._keyed = sorted(keyed, key=lambda step: step.place)
        self._writes = [step for step in self._keyed if not isinstance(step.change, Require)]
        places = Counter(step.place for step in self._writes)
        if twice := [place for place, times in places.items() if times > 1]:
            raise ValueError(f"two writes of one batch touch {twice[0]}")
        self._kinds = Counter(name for name, _ in places)
        self._written: list[Step] = []
        self._places = list(dict.fromkeys(step.place for step in self._keyed))
        self._empties = [step for step in steps if isinstance(step.change, RequireEmpty)]
        self.asks = [*self._reads(places), *map(_look, self._empties)]

    def locks(self) -> Sequence[tuple[Lock, bool]]:
        """Return the locks that keep absent rows absent; see `pangolin_sql.locks`."""
        return locks_of((step.change, step.key) for step in self._steps)

    def decide(self, rows: Sequence[Row | None]) -> Sequence[Ask]:
        """Judge each change by what was read; return the writes in order."""
        versions = [row[0] if row else None for row in rows[: len(self._places)]]
        found = dict(zip(self._places, versions, strict=True))
        seen = iter(rows[len(self._places) :])
        for step in self._steps:
            if why := _unmet(step, found, seen):
                raise Conflict(step.change, why)
        writes = [*self._cleared(found), *self._puts(found)]
        self._written = [step for step, _ in writes]
        return [ask for _, ask in writes]

    def check(self, at: int, rows: int) -> None:
        """Raise `Conflict` if a write did not find its row."""
        if rows != 1:
            raise self.refusal(at, "it has changed")

    def refusal(self, at: int, why: str) -> Conflict:
        """Make the conflict that names the change of a write."""
        return Conflict(self._written[at].change, why)

    def _reads(self, written: Counter[Place]) -> Iterator[Ask]:
        last = None
        for step in self._keyed:
            if step.place != last:
                last = step.place
                yield step.sql.hold if last in written else step.sql.share, step.key

    def _cleared(self, found: dict[Place, Version | None]) -> Iterator[tuple[Step, Ask]]:
        gone = [step for step in self._writes if not step.row]
        for step in gone:
            if (version := found[step.place]) is not None:
                yield step, (step.sql.delete, [*step.key, version])
        # A batch may move a unique value from one record to another: all release theirs before
        # any takes another's. A row is never deleted to be replaced: a writer that waits for it
        # would take it for deleted.
        for step in self._writes:
            swaps = step.sql.unique and self._kinds[step.change.kind.name] > 1
            if swaps and step.row and (version := found[step.place]) is not None:
                yield step, (step.sql.vacate, [*step.key, version])

    def _puts(self, found: dict[Place, Version | None]) -> Iterator[tuple[Step, Ask]]:
        for step in self._writes:
            version = found[step.place]
            if step.row and version is None:
                yield step, (step.sql.insert, step.row)
            elif step.row:
                yield step, (step.sql.update, [*step.row, *step.key, version])


class Purge:
    """The deletion of at most so many rows under a key prefix; `gone` is how many there were."""

    asks: Sequence[Ask] = ()

    def __init__(self, sql: str, values: Sequence[Any]) -> None:
        self._ask = sql, values
        self.gone = 0

    def locks(self) -> Sequence[tuple[Lock, bool]]:
        """Return no locks: deleted rows break no other batch's precondition unnoticed."""
        return ()

    def decide(self, rows: Sequence[Row | None]) -> Sequence[Ask]:
        """Return the one write."""
        return [self._ask]

    def check(self, at: int, rows: int) -> None:
        """Keep the number of rows."""
        self.gone = rows

    def refusal(self, at: int, why: str) -> BadRequest:
        """Return the error for a deletion that breaks a foreign rule."""
        return BadRequest(f"the records cannot be deleted: {why}")


def _look(step: Step) -> Ask:
    index = step.change.index if isinstance(step.change, RequireEmpty) else None
    return step.sql.exists(index, len(step.key)), step.key


def _unmet(step: Step, found: dict[Place, Version | None], seen: Iterator[Row | None]) -> str:
    change = step.change
    if not isinstance(change, RequireEmpty):
        return change.unmet(found[step.place])
    return "it is not empty" if next(seen) else ""
