"""What a failure of the S3 client means; its own text, which quotes whole answers, stays inside."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from pangolin.plugin import Forbidden, ObjectExists, ObjectMissing, PangolinError, Unavailable
from pangolin_aws.refusals import GIVE_SOME

_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,80})</Code>")
# One of a batch of deletes that failed; the batch itself was answered with success.
_OF_A_BATCH = re.compile(r"\(code: ([A-Za-z0-9.]{1,80})\)")
_STATUS = re.compile(r"status code: ([0-9]{3})")
_METADATA = re.compile(r"(?:GET|PUT) https?://[^/\s]+/latest/(?:api/token|meta-data/)")
_EXISTS: Final = (AlreadyExistsError, PreconditionError)
_REFUSED: Final = (PermissionDeniedError, UnauthenticatedError, InvalidPathError)


@contextmanager
def answering(location: str) -> Iterator[None]:
    """Raise the client's errors as Pangolin's, naming the location and S3's error code only."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise answer(location, error) from None


def answer(location: str, error: Exception) -> PangolinError:
    """Translate one error of the client."""
    text = str(error)
    if _METADATA.search(text):
        return Unavailable(
            f"S3 did not serve {location}: no credentials in the environment: {GIVE_SOME}"
        )
    status = _first(_STATUS, text)
    code = _first(_CODE, text) or _first(_OF_A_BATCH, text)
    reason = code or (f"status {status}" if status else _cause(text))
    if reason == "NoSuchBucket":
        return Unavailable(f"the bucket of {location} does not exist")
    if isinstance(error, FileNotFoundError):
        return ObjectMissing(f"there is no object at {location}")
    if isinstance(error, _EXISTS):
        return ObjectExists(f"there is an object at {location} already")
    if isinstance(error, _REFUSED) or status in ("401", "403") or code == "AccessDenied":
        return Forbidden(f"S3 refuses the server's access to {location}: {reason}")
    return Unavailable(f"S3 did not serve {location}: {reason}")


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _cause(text: str) -> str:
    if "operation timed out" in text or "TimedOut" in text:
        return "time-out"
    return "no connection" if "error sending request" in text else "unexpected answer"
