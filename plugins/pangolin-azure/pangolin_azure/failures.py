"""What a failure at Azure means; its own text, which quotes URLs and answers, is hidden."""

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

from pangolin.plugin import Forbidden, PangolinError, StorageFailures, Unavailable

_ENTRA_CODE = re.compile(r"\bAADSTS[0-9]{1,10}\b")
_REFUSALS: Final = frozenset({"401", "403", "InvalidAuthenticationInfo"})
# Entra's errors that ask for a later retry.
_TRANSIENT: Final = frozenset({"AADSTS90024", "AADSTS90033"})
_AZURE: Final = StorageFailures(
    "Azure",
    "container",
    "ContainerNotFound",
    raised=(BaseError, OSError),
    exists=(AlreadyExistsError, PreconditionError),
    refused=(PermissionDeniedError, UnauthenticatedError, InvalidPathError),
    # The second is of a part of a batch.
    status=re.compile(r"(?:status code|\(code): ([0-9]{3})"),
    refusals=_REFUSALS,
    # With a hierarchical namespace a directory is there, and no object.
    absent=re.compile(r"DirectoryIsNotEmpty|non-empty directory"),
)
answering = _AZURE.answering
answer = _AZURE.answer


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
    code = _entra_code(str(error)) or str(getattr(error, "error_code", "") or "")
    reason = code or (f"status {status}" if status else "no connection")
    # The SDK also reports a lost connection to the authority as a failed authentication.
    if status in _REFUSALS or (code.startswith("AADSTS") and code not in _TRANSIENT):
        return Forbidden(f"Azure denies {what}: {reason}")
    return Unavailable(f"Azure did not return {what}: {reason}")


def _entra_code(text: str) -> str:
    found = _ENTRA_CODE.search(text)
    return found[0] if found else ""
