"""What a failure at Azure means; its own text, which quotes URLs and answers, stays inside."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from azure.core.exceptions import AzureError, HttpResponseError
from azure.identity import CredentialUnavailableError
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from pangolin.plugin import Forbidden, ObjectExists, ObjectMissing, PangolinError, Unavailable

_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,80})</Code>")
# The second is of a part of a batch.
_STATUS = re.compile(r"(?:status code|\(code): ([0-9]{3})")
_DIRECTORY = re.compile(r"DirectoryIsNotEmpty|non-empty directory")
_ENTRA_CODE = re.compile(r"\bAADSTS[0-9]{1,10}\b")
_EXISTS: Final = (AlreadyExistsError, PreconditionError)
_REFUSED: Final = (PermissionDeniedError, UnauthenticatedError, InvalidPathError)
_REFUSALS: Final = frozenset({"401", "403", "InvalidAuthenticationInfo"})
# What Entra says when it is asked again later.
_TRANSIENT: Final = frozenset({"AADSTS90024", "AADSTS90033"})


@contextmanager
def answering(location: str) -> Iterator[None]:
    """Raise the storage client's errors as Pangolin's, with the location and Azure's code only."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise answer(location, error) from None


def answer(location: str, error: Exception) -> PangolinError:
    """Translate one error of the storage client."""
    text = str(error)
    status = _first(_STATUS, text)
    reason = _first(_CODE, text) or (f"status {status}" if status else _cause(text))
    if reason == "ContainerNotFound":
        return Unavailable(f"the container of {location} does not exist")
    # With a hierarchical namespace a directory is there, and no object.
    if isinstance(error, FileNotFoundError) or _DIRECTORY.search(text):
        return ObjectMissing(f"there is no object at {location}")
    if isinstance(error, _EXISTS):
        return ObjectExists(f"there is an object at {location} already")
    if isinstance(error, _REFUSED) or {status, reason} & _REFUSALS:
        return Forbidden(f"Azure refuses access to {location}: {reason}")
    return Unavailable(f"Azure did not serve {location}: {reason}")


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raise errors of the Azure SDK as Pangolin's, naming what was asked for and a code only."""
    try:
        yield
    except CredentialUnavailableError:
        raise Unavailable(f"the server has no such identity to get {what} with") from None
    except AzureError as error:
        raise _explained(what, error) from None


def _explained(what: str, error: AzureError) -> PangolinError:
    status = str(error.status_code or "") if isinstance(error, HttpResponseError) else ""
    code = _first(_ENTRA_CODE, str(error)) or str(getattr(error, "error_code", "") or "")
    reason = code or (f"status {status}" if status else "no connection")
    # The SDK calls a lost connection to the authority a failed authentication too.
    if status in _REFUSALS or (code.startswith("AADSTS") and code not in _TRANSIENT):
        return Forbidden(f"Azure refuses {what}: {reason}")
    return Unavailable(f"Azure did not give {what}: {reason}")


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return (found[1] if found.re.groups else found[0]) if found else ""


def _cause(text: str) -> str:
    if "operation timed out" in text or "TimedOut" in text:
        return "time-out"
    return "no connection" if "error sending request" in text else "unexpected answer"
