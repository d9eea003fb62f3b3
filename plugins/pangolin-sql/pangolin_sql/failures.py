"""What PostgreSQL's errors mean for the caller (PostgreSQL documentation, appendix A)."""

import psycopg

from pangolin.plugin import BadRequest, OutcomeUnknown, PangolinError, Unavailable
from pangolin_sql.dialect import driver_error

TAKEN = "23505"
NO_ROW = "22012"
READ_ONLY = "25006"
# A serialization failure, and a deadlock: nothing was done, and the next attempt may succeed.
TRANSIENT = frozenset({"40001", "40P01"})
COMPLETION_UNKNOWN = "40003"
# Classes of errors after which COMMIT has definitely not happened.
ROLLED_BACK = frozenset({"23", "25", "40"})
# Except those that end a session that took too long: it may have committed first.
TIMED_OUT = frozenset({"25P03", "25P04"})
CONNECTION = "08"
TOO_LARGE = frozenset({"54000", "54001", "54023"})
REASONS = {
    "25006": "it is read-only or a standby",
    "53100": "its disk is full",
    "53200": "it has no memory left, or no locks: see max_locks_per_transaction",
    "53300": "it has too many connections",
    "55P03": "a lock was not granted in time",
    "57014": "a statement took longer than statement_timeout",
    "57P03": "it is starting or stopping",
    "42P01": "a table is missing: it was not set up",
}


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE, also of an error that peewee wrapped; empty if the server gave none."""
    return getattr(driver_error(error), "sqlstate", None) or ""


def is_refusal(error: BaseException) -> bool:
    """Return whether the server refused the statement, rather than lost it."""
    # A pooler reports that it lost the server, or timed out, instead of any statement's answer.
    return code_of(error)[:2] not in ("", CONNECTION)


def is_key_taken(error: psycopg.Error) -> bool:
    """Return whether the primary key of a table is taken, rather than another unique value."""
    return code_of(error) == TAKEN and error.diag.constraint_name == f"{error.diag.table_name}_pkey"


def is_lost(error: BaseException) -> bool:
    """Return whether the connection failed, rather than the statement."""
    code = code_of(error)
    if code:
        ended = code in TIMED_OUT or code in ("57P01", "57P02", "57P05")
        return ended or code[:2] == CONNECTION
    return isinstance(driver_error(error), psycopg.OperationalError | psycopg.InterfaceError)


def to_domain(error: BaseException, name: str, *, committing: bool = False) -> PangolinError:
    """Return a domain error with the server's message and its likely reason."""
    code = code_of(error)
    reason = f" ({REASONS[code]})" if code in REASONS else ""
    text = f"{name} failed{reason}: {str(error).strip()}"
    if code in TOO_LARGE:
        return BadRequest(f"a record or its key is too large: {str(error).strip()}")
    undone = code[:2] in ROLLED_BACK and code not in TIMED_OUT
    if code == COMPLETION_UNKNOWN or (committing and not undone):
        return OutcomeUnknown(text)
    return Unavailable(text)
