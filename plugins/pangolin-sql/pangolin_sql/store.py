"""The record store over SQL: fixed statements, one transaction per batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import orjson

from pangolin.plugin import Change, Inspection, Key, Kind, Page, Record, Store
from pangolin_sql.batch import Batch, Purge, prepare
from pangolin_sql.columns import encode_key, encode_values
from pangolin_sql.dialect import Dialect, Row, Work, execute
from pangolin_sql.inspection import indexes
from pangolin_sql.layout import lay_out
from pangolin_sql.statements import Statements

# Longer lists are read in parts: databases limit the terms of one statement.
READ_TERMS = 64


class SqlStore(Store):
    """A store in one SQL database; opened on first use."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._sessions = dialect.sessions()
        self._statements: dict[Kind, Statements] = {}
        self._union = lru_cache(maxsize=256)(self._union_of)

    def setup(self, kinds: Sequence[Kind]) -> None:
        """Create or extend tables and indexes in one transaction."""
        # The connection is this call's own, so that a server that sets up before it forks has
        # none open when it does.
        with self._sessions.turn(), self._domain_errors():
            database = self.dialect.connect()
            try:
                self.dialect.prepare(database)
                for sql in self.dialect.begin:
                    execute(database, sql)
                for kind in kinds:
                    lay_out(database, self._sql(kind))
                execute(database, "COMMIT")
            finally:
                self.dialect.abandon(database)
                database.close()

    def get(self, kind: Kind, key: Key) -> Record | None:
        """Read one record."""
        rows = self._read(self._sql(kind).get, encode_key(kind, key))
        return _record(*rows[0]) if rows else None

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records by one statement (as of one moment) for up to 64 of them."""
        found: list[Record | None] = [None] * len(wanted)
        for start in range(0, len(wanted), READ_TERMS):
            part = wanted[start : start + READ_TERMS]
            values = [value for kind, key in part for value in encode_key(kind, key)]
            sql = self._union(*(kind for kind, _ in part))
            for place, version, body in self._read(sql, values):
                found[start + place] = _record(version, body)
        return found

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
        order, beyond = kind.order(index), after or ()
        values = encode_values(kind, (*prefix, *beyond), order)
        sql = self._sql(kind).page(index, len(prefix), len(beyond), reverse)
        records = [_record(*row) for row in self._read(sql, (*values, limit + 1))]
        if len(records) <= limit:
            return Page(records, None)
        last = records[limit - 1].doc
        return Page(records[:limit], tuple(last[name] for name in order[len(prefix) :]))

    def find(self, kind: Kind, index: str, values: Key) -> Record | None:
        """Read the first record whose index fields equal `values`."""
        sql = self._sql(kind).page(index, len(values), 0, False)
        rows = self._read(sql, (*encode_values(kind, values, kind.order(index)), 1))
        return _record(*rows[0]) if rows else None

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix."""
        values = encode_values(kind, prefix, kind.order(index))
        rows = self._read(self._sql(kind).count(index, len(prefix)), values)
        return int(rows[0][0])

    def apply(self, *changes: Change) -> None:
        """Apply all changes or none."""
        steps = [prepare(change, self._sql(change.kind)) for change in changes]
        self._transact(Batch(steps))

    def purge(self, kind: Kind, prefix: Key, *, batch: int = 200) -> int:
        """Delete everything under a key prefix, `batch` rows to a transaction."""
        if not self.dialect.one_writer:
            return super().purge(kind, prefix, batch=batch)
        sql = self._sql(kind).purge(len(prefix))
        work = Purge(sql, (*encode_values(kind, prefix, kind.key), batch))
        total = 0
        while True:
            self._transact(work)
            total += work.gone
            if work.gone < batch:
                return total

    def ping(self) -> None:
        """Raise `errors.Unavailable` if the database cannot be read or written."""
        with self._domain_errors(), self._sessions.use() as session:
            self.dialect.probe(session.database)

    def inspect(self, kinds: Sequence[Kind]) -> Sequence[Inspection]:
        """Check tables and indexes, and run the database's own checks."""
        with self._domain_errors():
            database = self.dialect.connect()
            try:
                return [indexes(database, kinds), *self.dialect.inspect(database)]
            finally:
                database.close()

    def close(self) -> None:
        """Close the connections of all threads; the next use opens new ones."""
        self._sessions.close()

    def _sql(self, kind: Kind) -> Statements:
        return self._statements.get(kind) or self._statements.setdefault(
            kind, Statements(kind, self.dialect)
        )

    def _union_of(self, *kinds: Kind) -> str:
        return " UNION ALL ".join(self._sql(kind).term(at) for at, kind in enumerate(kinds))

    def _read(self, sql: str, values: Sequence[Any]) -> list[Row]:
        try:
            return self._fetch(sql, values)
        except self.dialect.errors as error:
            if not self.dialect.is_lost(error):
                raise self.dialect.failure(error) from error
        with self._domain_errors():
            return self._fetch(sql, values)

    def _fetch(self, sql: str, values: Sequence[Any]) -> list[Row]:
        session = self._sessions.borrow()
        try:
            return self.dialect.fetch(session, (sql, values))
        finally:
            self._sessions.give_back(session)

    def _transact(self, work: Work) -> None:
        with self._domain_errors():
            self.dialect.transact(self._sessions, work)

    @contextmanager
    def _domain_errors(self) -> Iterator[None]:
        try:
            yield
        except self.dialect.errors as error:
            raise self.dialect.failure(error) from error


def _record(version: int, body: str | bytes) -> Record:
    return Record(orjson.loads(body), version)
