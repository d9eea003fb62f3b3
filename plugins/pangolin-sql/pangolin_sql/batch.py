"""One batch inside one transaction: read what it depends on, judge, write."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
from pangolin_sql.dialect import Dialect
from pangolin_sql.statements import Statements

Execute = Callable[[str, Sequence[Any]], Any]
Place = tuple[str, Encoded]


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
    """Check and encode a change; raise `BadRequest` for what cannot be kept."""
    kind = change.kind
    if isinstance(change, RequireEmpty):
        return Step(change, sql, encode_values(kind, change.prefix, kind.order(change.index)), [])
    if not isinstance(change, Put):
        return Step(change, sql, encode_key(kind, change.key), [])
    columns = [encode(value) for value in kind.row_of(change.doc)]
    row = [*columns, new_version(), to_body(kind, change.doc)]
    return Step(change, sql, tuple(columns[: len(kind.key)]), row)


def new_version() -> Version:
    """Draw 63 random bits: never reused, and without a counter that must outlive deletion."""
    return int.from_bytes(os.urandom(8), "big") >> 1


def to_body(kind: Kind, doc: Doc) -> str:
    """Write a document as JSON text; raise `BadRequest` if it is not JSON."""
    try:
        return orjson.dumps(doc).decode()
    except TypeError as error:
        raise BadRequest(f"a {kind.name} must be a JSON document: {error}") from error


class Batch:
    """The steps of one `apply`; raise `ValueError` if two writes touch one key."""

    def __init__(self, steps: Sequence[Step], dialect: Dialect) -> None:
        self._steps = steps
        self._dialect = dialect
        keyed = (step for step in steps if not isinstance(step.change, RequireEmpty))
        # Every batch locks in one order, so that two of them cannot wait for each other.
        self._keyed = sorted(keyed, key=lambda step: step.place)
        self._writes = [step for step in self._keyed if not isinstance(step.change, Require)]
        places = Counter(step.place for step in self._writes)
        if twice := [place for place, times in places.items() if times > 1]:
            raise ValueError(f"two writes of one batch touch {twice[0]}")
        self._kinds = Counter(name for name, _ in places)

    def run(self, execute: Execute) -> None:
        """Judge and write in the open transaction; after a `Conflict` the caller rolls back."""
        found = self._read(execute)
        for step in self._steps:
            if why := _unmet(step, execute, found):
                raise Conflict(step.change, why)
        for step in self._cleared(found):
            _delete(step, execute, found.pop(step.place))
        for step in self._writes:
            if step.row:
                self._put(step, execute, found.get(step.place))

    def _read(self, execute: Execute) -> dict[Place, Version | None]:
        found: dict[Place, Version | None] = {}
        for step in self._keyed:
            if step.place not in found:
                row = execute(step.sql.hold, step.key).fetchone()
                found[step.place] = row[0] if row else None
        return found

    def _cleared(self, found: dict[Place, Version | None]) -> Iterator[Step]:
        for step in self._writes:
            # A batch may hand a unique value from one record to another: rows it replaces go
            # before any is written. A lone write of a kind updates in place.
            swaps = step.sql.unique and self._kinds[step.change.kind.name] > 1
            if found[step.place] is not None and (swaps or not step.row):
                yield step

    def _put(self, step: Step, execute: Execute, found: Version | None) -> None:
        try:
            if found is None:
                execute(step.sql.insert, step.row)
                return
            written = execute(step.sql.update, [*step.row, *step.key, found])
        except self._dialect.errors as error:
            if not self._dialect.taken(error):
                raise
            raise Conflict(step.change, "a unique value is taken") from error
        _one_row(step, written.rowcount)


def _unmet(step: Step, execute: Execute, found: dict[Place, Version | None]) -> str:
    change = step.change
    if not isinstance(change, RequireEmpty):
        return change.unmet(found[step.place])
    sql = step.sql.exists(change.index, len(step.key))
    return "it is not empty" if execute(sql, step.key).fetchone() else ""


def _delete(step: Step, execute: Execute, found: Version | None) -> None:
    _one_row(step, execute(step.sql.delete, [*step.key, found]).rowcount)


def _one_row(step: Step, rows: int) -> None:
    if rows != 1:
        raise Conflict(step.change, "it has changed")
