"""The differences between SQL databases."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import peewee

from pangolin.plugin import Inspection, PangolinError, Scalar

Ask = tuple[str, Sequence[Any]]
Row = tuple[Any, ...]
Place = tuple[str, tuple[Scalar | None, ...]]


class Session(Protocol):
    """A connection on loan: peewee's database, and the driver's connection below it."""

    database: peewee.Database
    connection: Any


class Sessions(Protocol):
    """Where connections are borrowed from; `turn` is held by a thread that is about to write."""

    def borrow(self) -> Any:
        """Take a session, opened if necessary; raise `errors.Unavailable` after a long wait."""

    def give_back(self, session: Any) -> None:
        """Return what was borrowed."""

    def use(self) -> AbstractContextManager[Any]:
        """Borrow a session for a block."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait to be this process's writer, if the database allows only one."""

    def close(self) -> None:
        """Close the connections of this process; the next loan opens new ones."""


class Work(Protocol):
    """One transaction: what it depends on, and what it then writes.

    `asks` are reads of one integer; `decide` takes their first rows to return the writes.
    """

    @property
    def asks(self) -> Sequence[Ask]:
        """List the reads."""

    def decide(self, rows: Sequence[Row | None]) -> Sequence[Ask]:
        """Judge the rows and return the writes; raise `Conflict`. May be called again."""

    def locks(self) -> Sequence[tuple[int, bool]]:
        """Return in order what to lock before reading, if many write; True: exclusively."""

    def check(self, at: int, rows: int) -> None:
        """Check the number of rows that a write of `decide` touched; raise `Conflict`."""

    def refusal(self, at: int, why: str) -> PangolinError:
        """Make the error for a write that the database refused."""


class Dialect(Protocol):
    """The differences; statements, batches and layouts are the same for all.

    `text` and `integer` are column types, `text` one that orders by code point (bytes of UTF-8).
    `param` marks a parameter. `hold` ends a read of a row that a batch writes, `share` of one it
    only depends on. `errors` are what the driver and peewee raise. `one_writer` says that only one
    transaction writes at a time.
    """

    text: str
    integer: str
    body: str
    param: str
    hold: str
    share: str
    errors: tuple[type[Exception], ...]
    one_writer: bool

    @property
    def begin(self) -> Sequence[str]:
        """List the statements that open a transaction in which the layout is changed."""

    def sessions(self) -> Sessions:
        """Create the source of connections; opens none."""

    def connect(self) -> peewee.Database:
        """Open one connection."""

    def prepare(self, database: peewee.Database) -> None:
        """Create the place for the data and apply settings that hold for all connections."""

    def probe(self, database: peewee.Database) -> None:
        """Raise one of `errors` or `errors.Unavailable` if the database cannot be written."""

    def inspect(self, database: peewee.Database) -> Iterator[Inspection]:
        """Return what an operator should know about the database."""

    def abandon(self, database: peewee.Database) -> None:
        """Roll back the transaction, if one is open."""

    def one_row(self, sql: str) -> str:
        """Make a write that touches no row fail, or countable by `Work.check`."""

    def fetch(self, session: Any, ask: Ask) -> list[Row]:
        """Run a read outside a transaction; integers are int, text is str or UTF-8."""

    def transact(self, sessions: Sessions, work: Work) -> None:
        """Do the work in one transaction."""

    def is_lost(self, error: Exception) -> bool:
        """Return whether a read failed with its connection, so that another may succeed."""

    def failure(self, error: Exception, *, committing: bool = False) -> PangolinError:
        """Make a domain error; `committing` says that COMMIT itself failed."""


def connection_of(database: peewee.Database) -> Any:
    """Return the driver's connection, opened if necessary."""
    connect: Any = database.connection
    return connect()


def execute(database: peewee.Database, sql: str, values: Sequence[Any] = ()) -> Any:
    """Run a statement; return the driver's cursor."""
    run: Any = database.execute_sql
    return run(sql, values)


def driver_error(error: BaseException) -> BaseException:
    """Return the driver's error below one that peewee wrapped around it."""
    inner: BaseException = getattr(error, "orig", error)
    return inner
