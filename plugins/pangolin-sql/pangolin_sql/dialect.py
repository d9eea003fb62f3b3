"""What one SQL database does differently from another."""

from collections.abc import Sequence
from typing import Any, Protocol

import peewee

from pangolin.plugin import PangolinError


class Dialect(Protocol):
    """The differences; statements, batches and layouts are the same for all.

    `text` and `integer` are column types, `text` one that orders by code point (bytes of UTF-8).
    `param` marks a parameter. `begin` opens a transaction in which what was read stays so until
    commit. `hold` ends a read of a row that a batch depends on. `errors` are what the driver and
    peewee raise.
    """

    text: str
    integer: str
    body: str
    param: str
    begin: str
    hold: str
    errors: tuple[type[Exception], ...]
    timeout: float

    def connect(self) -> peewee.Database:
        """Open one connection for one thread."""

    def prepare(self, database: peewee.Database) -> None:
        """Make the place where the data will lie and set what is set once for all connections."""

    def probe(self, database: peewee.Database) -> None:
        """Raise one of `errors` or `errors.Unavailable` if the database cannot be written."""

    def abandon(self, database: peewee.Database) -> None:
        """Roll back the transaction, if one is open."""

    def taken(self, error: Exception) -> bool:
        """Tell whether the error is a broken unique index or primary key."""

    def worn(self, error: Exception) -> bool:
        """Tell whether another connection may do what this one no longer can."""

    def failure(self, error: Exception, *, committing: bool = False) -> PangolinError:
        """Make a domain error; `committing` says that COMMIT itself failed."""


def connection_of(database: peewee.Database) -> Any:
    """Return the driver's connection, opened if need be."""
    connect: Any = database.connection
    return connect()


def execute(database: peewee.Database, sql: str, values: Sequence[Any] = ()) -> Any:
    """Run a statement; return the driver's cursor."""
    run: Any = database.execute_sql
    return run(sql, values)
