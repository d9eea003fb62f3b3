"""SQLite: one file in WAL mode, one writer at a time, durable when `apply` returns."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import peewee

from pangolin.plugin import (
    BadRequest,
    Inspection,
    OutcomeUnknown,
    PangolinError,
    Settings,
    Store,
    Unavailable,
)
from pangolin_sql import inspection
from pangolin_sql.dialect import (
    Ask,
    Row,
    Session,
    Sessions,
    Work,
    connection_of,
    driver_error,
    execute,
)
from pangolin_sql.sessions import ThreadSessions
from pangolin_sql.store import SqlStore

PREFIX = "sqlite:///"
MMAP_BYTES = 256 * 2**20
# A failed fsync leaves the commit mark in the log: a crash could still bring the batch back.
UNSURE = frozenset({sqlite3.SQLITE_IOERR})
TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


class Sqlite:
    """The dialect of SQLite; `timeout` is how many seconds a writer waits for another."""

    text = "TEXT COLLATE BINARY"
    integer = "BIGINT"
    body = "TEXT"
    param = "?"
    # A deferred transaction that read first cannot become a writer once another has written.
    begin = ("BEGIN IMMEDIATE",)
    hold = ""
    share = ""
    one_writer = True
    errors: tuple[type[Exception], ...] = (sqlite3.Error, peewee.PeeweeException)

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self.timeout = timeout

    def sessions(self) -> ThreadSessions:
        """Return sessions that give each thread its own connection."""
        return ThreadSessions(self.connect, self.timeout)

    def connect(self) -> peewee.Database:
        """Open one connection for one thread; another thread may close it."""
        pragmas = {"synchronous": "FULL", "mmap_size": MMAP_BYTES}
        return peewee.SqliteDatabase(
            str(self.path),
            pragmas=pragmas,
            timeout=self.timeout,
            thread_safe=False,
            check_same_thread=False,
        )

    def prepare(self, database: peewee.Database) -> None:
        """Create the parent directory and switch to WAL."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"store_url: cannot create {self.path.parent}: {error}") from error
        give_up = time.monotonic() + self.timeout
        while not self._switch_to_wal(database, give_up):
            time.sleep(0.02)

    def _switch_to_wal(self, database: peewee.Database, give_up: float) -> bool:
        # SQLite does not call its busy handler for this switch, so two first starts can collide.
        try:
            execute(database, "PRAGMA journal_mode = WAL")
        except peewee.OperationalError as error:
            if code_of(error) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            return False
        return True

    def probe(self, database: peewee.Database) -> None:
        """Read the schema and ask the system whether the file may be written: takes no lock."""
        execute(database, "SELECT count(*) FROM sqlite_master").fetchone()
        if not os.access(self.path, os.W_OK):
            raise Unavailable(f"the database {self.path} is missing or read-only")

    def inspect(self, database: peewee.Database) -> Iterator[Inspection]:
        """Return what an operator should know about the database."""
        return inspection.sqlite(database)

    def abandon(self, database: peewee.Database) -> None:
        """Roll back; some errors have already done so."""
        if not database.is_closed() and connection_of(database).in_transaction:
            with suppress(*self.errors):
                connection_of(database).execute("ROLLBACK")

    def one_row(self, sql: str) -> str:
        """Leave the write as it is: rows are counted before COMMIT."""
        return sql

    def fetch(self, session: Session, ask: Ask) -> list[Row]:
        """Run a read outside a transaction."""
        rows: list[Row] = session.connection.execute(*ask).fetchall()
        return rows

    def transact(self, sessions: Sessions, work: Work) -> None:
        """Do the work while no other writes."""
        committing = False
        with sessions.turn(), sessions.use() as session:
            run = session.connection.execute
            try:
                run("BEGIN IMMEDIATE")
                rows = [run(sql, values).fetchone() for sql, values in work.asks]
                for at, ask in enumerate(work.decide(rows)):
                    work.check(at, self._write(run, work, at, ask))
                committing = True
                run("COMMIT")
            except self.errors as error:
                # The connection was opened when the file was read-only, or to another file.
                if code_of(error) & 0xFF == sqlite3.SQLITE_READONLY:
                    session.retire()
                raise self.failure(error, committing=committing) from error
            finally:
                self.abandon(session.database)

    def _write(self, run: Callable[..., Any], work: Work, at: int, ask: Ask) -> int:
        try:
            return int(run(*ask).rowcount)
        except self.errors as error:
            if code_of(error) not in TAKEN:
                raise
            raise work.refusal(at, "a unique value is taken") from error

    def is_lost(self, error: Exception) -> bool:
        """Return False: there is no server to lose."""
        return False

    def failure(self, error: Exception, *, committing: bool = False) -> PangolinError:
        """Return a domain error with SQLite's message."""
        code = code_of(error) & 0xFF
        why = f"the database {self.path} failed: {error}"
        if committing and code in UNSURE:
            return OutcomeUnknown(why)
        if code == sqlite3.SQLITE_TOOBIG:
            return BadRequest(f"a record is too large: {error}")
        return Unavailable(why)


def code_of(error: Exception) -> int:
    """Return SQLite's extended code, also of an error that peewee wrapped; 0 if there is none."""
    return int(getattr(driver_error(error), "sqlite_errorcode", 0))


def open_sqlite(url: str, settings: Settings) -> Store:
    """Return a store that opens its file on first use; raise `BadRequest` for a bad URL."""
    path = url.removeprefix(PREFIX)
    if path in ("", ":memory:") or url in ("sqlite:", "sqlite://", "sqlite://:memory:"):
        raise BadRequest(f"store_url {url!r} would be lost at exit: use 'memory:' or name a file")
    if not url.startswith(PREFIX) or path.endswith("/") or "\0" in path:
        raise BadRequest(
            f"store_url must be sqlite:///relative.db or sqlite:////absolute.db, not {url!r}"
        )
    return SqlStore(Sqlite(Path(path).absolute(), settings.request_timeout))
