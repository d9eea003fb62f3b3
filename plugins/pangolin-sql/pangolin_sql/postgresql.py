"""PostgreSQL: many hosts and many writers, each batch in two round trips."""
# Values are always parameters.
# ruff: noqa: S608

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import peewee
import psycopg

from pangolin.plugin import Inspection, PangolinError, Settings, Store, Unavailable
from pangolin_sql import inspection
from pangolin_sql.address import Address, parse_address
from pangolin_sql.dialect import Ask, Row, Sessions, Work, connection_of, execute
from pangolin_sql.failures import (
    NO_ROW,
    READ_ONLY,
    TAKEN,
    TRANSIENT,
    code_of,
    is_key_taken,
    is_lost,
    is_refusal,
    to_domain,
)
from pangolin_sql.locks import name_lock
from pangolin_sql.pipeline import Failed, rows_of
from pangolin_sql.pool import Link, Pool
from pangolin_sql.replica import ReplicatedStore
from pangolin_sql.store import SqlStore

ATTEMPTS = 12
LONGEST_PAUSE = 0.5
TAKE = "pg_advisory_xact_lock"
LOCK = (
    f"SELECT CASE WHEN alone THEN {TAKE}(lock)::text ELSE {TAKE}_shared(lock)::text END"
    " FROM unnest(%s::bigint[], %s::boolean[]) AS wanted(lock, alone)"
)
COMMIT: Ask = "COMMIT", ()
COMPRESSIONS = "SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'"


class Again(Exception):
    """Nothing was written, and another attempt may succeed."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


class Postgresql:
    """The dialect of PostgreSQL.

    By default a transaction is READ COMMITTED below locks taken by name (`pangolin_sql.locks`);
    with isolation=serializable it is SERIALIZABLE and locks rows, for databases that speak
    PostgreSQL's language and have no advisory locks.
    """

    text = 'TEXT COLLATE "C"'
    integer = "BIGINT"
    # JSONB refuses U+0000, reorders members and took 5 times as long to read back at 1 MiB; an
    # operator who wants it casts.
    body = "TEXT"
    param = "%s"
    one_writer = False
    errors: tuple[type[Exception], ...] = (psycopg.Error, peewee.PeeweeException)

    def __init__(self, address: Address) -> None:
        self.address = address
        self.serializable = address.isolation == "serializable"
        self.hold = "FOR UPDATE" if self.serializable else ""
        self.share = "FOR SHARE" if self.serializable else ""
        self._setup_lock = name_lock("setup", address.schema)
        level = "SERIALIZABLE" if self.serializable else "READ COMMITTED"
        self._open: Ask = f"BEGIN ISOLATION LEVEL {level}", ()

    @property
    def begin(self) -> Sequence[str]:
        """Begin a change of the layout: one process at a time, without a time limit."""
        lock = f"SELECT {TAKE}({self._setup_lock})"
        return "BEGIN", "SET LOCAL statement_timeout = 0", lock

    def sessions(self) -> Pool:
        """Create a pool; opens no connection."""
        address = self.address
        return Pool(self.connect, address.pool_size, address.pool_timeout, str(address))

    def connect(self) -> peewee.Database:
        """Open one connection, which commits automatically unless a transaction is begun."""
        parameters = self.address.connect_parameters()
        database = peewee.PostgresqlDatabase(
            parameters.pop("dbname"),
            encoding="UTF8",
            prefer_psycopg3=True,
            thread_safe=False,
            **parameters,
        )
        connection_of(database)
        return database

    def prepare(self, database: peewee.Database) -> None:
        """Create the schema, and choose the faster compression if the server has it."""
        found = execute(database, COMPRESSIONS).fetchone()
        if found and "lz4" in (found[0] or ()):
            self.body = "TEXT COMPRESSION lz4"
        schema = self.address.schema
        if not execute(database, "SELECT current_schema()").fetchone()[0]:
            for sql in (*self.begin, f'CREATE SCHEMA IF NOT EXISTS "{schema}"', "COMMIT"):
                execute(database, sql)

    def probe(self, database: peewee.Database) -> None:
        """Check whether the server would accept a write."""
        sql = "SELECT current_setting('transaction_read_only')"
        if execute(database, sql).fetchone()[0] == "on":
            raise Unavailable(f"{self.address} is read-only or a standby")

    def inspect(self, database: peewee.Database) -> Iterator[Inspection]:
        """Return what an operator should know about the database."""
        return inspection.postgresql(database)

    def abandon(self, database: peewee.Database) -> None:
        """Roll back, if the connection still allows it."""
        with suppress(*self.errors):
            connection_of(database).rollback()

    def one_row(self, sql: str) -> str:
        """Divide by the number of rows: a write that finds none fails before COMMIT is run."""
        return f"WITH done AS ({sql} RETURNING 1) SELECT 1 / count(*) FROM done"

    def fetch(self, session: Link, ask: Ask) -> list[Row]:
        """Run a read outside a transaction."""
        try:
            (result,) = session.pipeline.run([ask])
        except Failed as failed:
            raise failed.error from None
        return rows_of(result)

    def is_lost(self, error: Exception) -> bool:
        """Return whether the connection failed, rather than the statement."""
        return is_lost(error)

    def failure(self, error: Exception, *, committing: bool = False) -> PangolinError:
        """Return a domain error with the server's message."""
        return to_domain(error, str(self.address), committing=committing)

    def transact(self, sessions: Sessions, work: Work) -> None:
        """Do the work; retry after a serialization failure or a deadlock."""
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(sessions, work)
            except Again as again:
                cause = again.cause
                if is_lost(cause) and attempt > 0:
                    raise self.failure(cause) from cause
                time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.002 * 2**attempt)))  # noqa: S311
        raise Unavailable(f"{self.address}: {ATTEMPTS} attempts failed: {cause}") from cause

    def _attempt(self, sessions: Sessions, work: Work) -> None:
        with sessions.use() as link:
            try:
                writes = work.decide(self._ask(link, work))
                if link.has_heard():
                    link.connection.execute("SELECT 1")
                link.pipeline.run([*writes, COMMIT])
            except Failed as failed:
                raise self._refusal(link.connection, work, failed, len(writes)) from failed.error
            finally:
                link.roll_back()

    def _ask(self, link: Link, work: Work) -> list[Row | None]:
        locks = [] if self.serializable else [_lock(work.locks())]
        try:
            results = link.pipeline.run([self._open, *locks, *work.asks])
        except Failed as failed:
            if code_of(failed.error) in TRANSIENT or is_lost(failed.error):
                raise Again(failed.error) from failed.error
            raise self.failure(failed.error) from failed.error
        return [next(iter(rows_of(result)), None) for result in results[1 + len(locks) :]]

    def _refusal(self, connection: Any, work: Work, failed: Failed, commit: int) -> Exception:
        code = code_of(failed.error)
        if code in TRANSIENT or is_key_taken(failed.error):
            # The writer that inserted the key was not seen: the next attempt judges what it wrote.
            return Again(failed.error)
        if code == READ_ONLY:
            # A former primary, perhaps: the next connection may find the new one.
            connection.close()
        if code in (TAKEN, NO_ROW) and failed.at < commit:
            why = "a unique value is taken" if code == TAKEN else "it has changed"
            return work.refusal(failed.at, why)
        # Unless it was this statement that the server refused, COMMIT may have been run.
        unsure = failed.at == commit or not is_refusal(failed.error)
        return self.failure(failed.error, committing=unsure)


def _lock(locks: Sequence[tuple[int, bool]]) -> Ask:
    names = ",".join(str(name) for name, _ in locks)
    alone = ",".join("t" if alone else "f" for _, alone in locks)
    return LOCK, (f"{{{names}}}", f"{{{alone}}}")


def open_postgresql(url: str, settings: Settings) -> Store:
    """Return a store that connects on first use; raise `BadRequest` for a bad URL."""
    address = parse_address(url, settings)
    store = SqlStore(Postgresql(address))
    if not address.replica:
        return store
    replica = SqlStore(Postgresql(parse_address(address.replica, settings)))
    return ReplicatedStore(store, replica)
