"""What a failure of the S3 client means; its own text, which quotes whole answers, is hidden."""

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

from pangolin.plugin import PangolinError, StorageFailures, Unavailable
from pangolin_aws.refusals import GIVE_SOME

_METADATA = re.compile(r"(?:GET|PUT) https?://[^/\s]+/latest/(?:api/token|meta-data/)")
_S3: Final = StorageFailures(
    "S3",
    "bucket",
    "NoSuchBucket",
    raised=(BaseError, OSError),
    exists=(AlreadyExistsError, PreconditionError),
    refused=(PermissionDeniedError, UnauthenticatedError, InvalidPathError),
    access="the server access",
    codes=(
        re.compile(r"<Code>([A-Za-z0-9.]{1,80})</Code>"),
        # One of a batch of deletes that failed; the batch itself was answered with success.
        re.compile(r"\(code: ([A-Za-z0-9.]{1,80})\)"),
    ),
    refusals=frozenset({"401", "403", "AccessDenied"}),
)


@contextmanager
def answering(location: str) -> Iterator[None]:
    """Raise the client's errors as Pangolin's, naming the location and S3's error code only."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise answer(location, error) from None


def answer(location: str, error: Exception) -> PangolinError:
    """Return Pangolin's error for one of the client's."""
    if _METADATA.search(str(error)):
        return Unavailable(
            f"S3 did not serve {location}: no credentials in the environment: {GIVE_SOME}"
        )
    return _S3.answer(location, error)
