"""What a failure of STS means; its text, which may quote the request, is hidden."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from pangolin.plugin import BadRequest, Forbidden, PangolinError, Unavailable

GIVE_SOME: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the server's environment, or give the "
    "warehouse s3.access-key-id and s3.secret-access-key"
)
_NO_CREDENTIALS: Final = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_PASSING: Final = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "RequestExpired",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_REFUSING: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IDPRejectedClaim",
        "InvalidClientTokenId",
        "InvalidIdentityToken",
        "RegionDisabledException",
    }
)


class PolicyTooLarge(BadRequest):
    """STS packs a policy together with the tags and found it too large; it names no limit."""


def code_of(error: ClientError) -> str:
    """Return the error's code; some stores omit it or the element that should hold it."""
    response = error.response
    code = response.get("Error", {}).get("Code") or response.get("Code") or ""
    return str(code)[:80] or f"status {status_of(error)}"


def status_of(error: ClientError) -> int:
    """Return the HTTP status of the answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_denied(error: ClientError) -> bool:
    """Return whether STS understood and denied: anything else proves nothing about trust."""
    return code_of(error) == "AccessDenied" or (status_of(error) == 403 and _is_bare(error))


@contextmanager
def understanding(role: str) -> Iterator[None]:
    """Raise the client's errors as Pangolin's, naming the role and the error's code only."""
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        raise answer(role, error) from None


def answer(role: str, error: Exception) -> PangolinError:
    """Translate one error of the client."""
    if isinstance(error, ClientError):
        return _refused(role, error)
    if isinstance(error, ParamValidationError):
        return BadRequest(f"STS does not know the form of {role} or of its options")
    if isinstance(error, _NO_CREDENTIALS):
        return Unavailable(
            f"the server has no credentials of its own to call STS with: {GIVE_SOME}"
        )
    if isinstance(error, ResponseParserError):
        return Unavailable(
            f"the server that answered for {role} is not STS: is s3.sts-endpoint right?"
        )
    return Unavailable(f"STS did not answer for {role}: {type(error).__name__}")


def _refused(role: str, error: ClientError) -> PangolinError:
    code, status = code_of(error), status_of(error)
    if code in _PASSING or status == 429 or status >= 500:
        return Unavailable(f"STS did not mint for {role}: {code}")
    if code == "PackedPolicyTooLarge":
        return PolicyTooLarge(f"the session policy is too large for {role}")
    if code in _REFUSING or status in (401, 403):
        return Forbidden(f"STS denies {role}: {code}")
    if status in (404, 405, 501):
        return BadRequest("there is no STS at the address: give s3.sts-endpoint")
    return BadRequest(f"STS rejects the request for {role}: {code}")


def _is_bare(error: ClientError) -> bool:
    return code_of(error) in ("status 403", "403")
