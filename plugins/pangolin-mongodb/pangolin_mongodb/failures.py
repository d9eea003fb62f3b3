"""What an error of the driver means: taken, retry, unavailable, or unknown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.errors import (
    BulkWriteError,
    ClientBulkWriteException,
    DocumentTooLarge,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)

from pangolin.plugin import BadRequest, OutcomeUnknown, PangolinError, Unavailable

DUPLICATE_KEY = 11000
WRITE_CONFLICT = 112
TOO_LARGE = frozenset({10334, 17280, 17419, 17420})
NOT_PRIMARY = frozenset({10107, 13435})
# Nothing was sent: no server could be chosen, or no connection was free.
UNSENT = (ServerSelectionTimeoutError, WaitQueueTimeoutError)


def cause_of(error: PyMongoError) -> PyMongoError:
    """Unwrap the error that stopped a bulk write over several collections."""
    inner = error.error if isinstance(error, ClientBulkWriteException) else None
    return inner if isinstance(inner, PyMongoError) else error


def code_of(error: PyMongoError) -> int:
    """Return the server's error code, or 0."""
    if isinstance(error, BulkWriteError | ClientBulkWriteException):
        return int((write_errors(error) or [{}])[0].get("code", 0))
    return int(getattr(error, "code", None) or 0)


def write_errors(error: PyMongoError) -> list[dict[str, Any]]:
    """List the errors of single writes of a bulk: `index`, `code`, `keyPattern`."""
    if isinstance(error, ClientBulkWriteException):
        errors: Any = error.write_errors or ()
        return [{**found, "index": found["idx"]} for found in errors]
    if isinstance(error, BulkWriteError):
        return list(error.details.get("writeErrors", ()))
    return []


def is_transient(error: PyMongoError) -> bool:
    """Return whether the transaction was not applied and may be run again at once."""
    inner = cause_of(error)
    if isinstance(inner, UNSENT):
        return False
    return inner.has_error_label("TransientTransactionError") or code_of(inner) == WRITE_CONFLICT


def not_applied(error: PyMongoError) -> PangolinError:
    """Make the error of a read, or of a write that was definitely not applied."""
    inner = cause_of(error)
    if isinstance(inner, DocumentTooLarge) or code_of(inner) in TOO_LARGE:
        return BadRequest("a record is larger than a MongoDB document can be, 16 MiB")
    return Unavailable(f"MongoDB failed: {describe(inner)}")


def of_lone_write(error: PyMongoError) -> PangolinError:
    """Make the error of a write outside a transaction."""
    if isinstance(error, (*UNSENT, DocumentTooLarge)) or _refused(error):
        return not_applied(error)
    return OutcomeUnknown(f"MongoDB did not say whether it wrote: {describe(error)}")


def _refused(error: PyMongoError) -> bool:
    if isinstance(error, NotPrimaryError):
        details: Any = error.details or {}
        return details.get("code") in NOT_PRIMARY
    unsure = (ExecutionTimeout, WriteConcernError)
    labelled = error.has_error_label("RetryableWriteError")
    return isinstance(error, OperationFailure) and not isinstance(error, unsure) and not labelled


def describe(error: PyMongoError) -> str:
    """Return the driver's message in brief; it never repeats the URL or a password."""
    text = str(error).split(", full error:", 1)[0].split(", Timeout:", 1)[0]
    return f"{type(error).__name__}: {text[:300]}"


@contextmanager
def reading() -> Iterator[None]:
    """Turn the driver's errors into domain errors; for calls that write nothing."""
    try:
        yield
    except PyMongoError as error:
        raise not_applied(error) from error
