"""What a failure at Google means; its own text, which quotes whole answers, is hidden."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from pangolin.plugin import Forbidden, PangolinError, StorageFailures, Unavailable

_WORD = re.compile(r"[A-Za-z_]{1,60}", re.ASCII)
_GOOGLE: Final = StorageFailures(
    "Google Cloud",
    "bucket",
    "NoSuchBucket",
    raised=(BaseError, OSError),
    exists=(AlreadyExistsError, PreconditionError),
    refused=(PermissionDeniedError, UnauthenticatedError, InvalidPathError),
)
answering = _GOOGLE.answering
answer = _GOOGLE.answer


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raise errors of google-auth as Pangolin's, naming what was asked for and a code only."""
    try:
        yield
    except DefaultCredentialsError:
        raise Unavailable(f"the server has no credentials of its own to get {what} with") from None
    except RefreshError as error:
        raise _refreshed(what, error) from None
    except GoogleAuthError:
        raise Unavailable(f"Google Cloud did not return {what}: no connection") from None


def refused(what: str, status: int, body: bytes | str) -> PangolinError:
    """Return the error for an answer that is not a success."""
    reason = code_of(body) or f"status {status}"
    if status == 429 or status >= 500:
        return Unavailable(f"Google Cloud did not return {what}: {reason}")
    return Forbidden(f"Google Cloud denies {what}: {reason}")


def code_of(body: object) -> str:
    """Find Google's code in an answer: `invalid_grant`, `PERMISSION_DENIED`."""
    try:
        found = json.loads(body) if isinstance(body, (bytes, str)) else body
    except ValueError:
        return ""
    error = found.get("error") if isinstance(found, dict) else None
    code = error.get("status") if isinstance(error, dict) else error
    return code if isinstance(code, str) and _WORD.fullmatch(code) else ""


def _refreshed(what: str, error: RefreshError) -> PangolinError:
    reason = next((code for code in map(code_of, error.args) if code), "no answer")
    if error.retryable or reason == "no answer":
        return Unavailable(f"Google Cloud did not return {what}: {reason}")
    return Forbidden(f"Google Cloud denies {what}: {reason}")
