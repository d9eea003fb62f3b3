"""The operations that are signed: a method, exactly these parameters, and the right they need."""

from dataclasses import dataclass
from typing import Final

from pangolin_aws.signing.address import Target
from pangolin_aws.signing.keys import Allowed, checked_key, is_inside
from pangolin_aws.signing.refusal import refused


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of S3's interface; parameters beyond `needs` and `may` are refused."""

    name: str
    method: str
    right: str
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    on_bucket: bool = False


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OF_AN_OBJECT: Final = _names("versionId partNumber")
_OF_A_LIST: Final = _names(
    "delimiter continuation-token start-after max-keys encoding-type fetch-owner"
)
_OF_A_PART: Final = _names("partNumber uploadId")
_UPLOAD: Final = _names("uploadId")
OPERATIONS: Final = (
    Operation("GetObject", "GET", "read", may=_OF_AN_OBJECT),
    Operation("HeadObject", "HEAD", "read", may=_OF_AN_OBJECT),
    Operation("ListParts", "GET", "write", _UPLOAD, _names("max-parts part-number-marker")),
    Operation("PutObject", "PUT", "write"),
    Operation("UploadPart", "PUT", "write", _OF_A_PART),
    Operation("CreateMultipartUpload", "POST", "write", _names("uploads")),
    Operation("CompleteMultipartUpload", "POST", "write", _UPLOAD),
    Operation("AbortMultipartUpload", "DELETE", "write", _UPLOAD),
    Operation("DeleteObject", "DELETE", "delete"),
    Operation("DeleteObjects", "POST", "delete", _names("delete"), on_bucket=True),
    Operation("ListObjectsV2", "GET", "read", _names("list-type prefix"), _OF_A_LIST, True),
)
DELETE_OBJECTS: Final = "DeleteObjects"
# These have no value of their own: `?delete=` is the same as `?delete`, and nothing else is.
_BARE: Final = _names("uploads delete")


def operation_of(method: str, target: Target) -> Operation:
    """Find the operation that a request is; raise `Forbidden` if it is not in the table."""
    # Some SDKs repeat the operation's name, which has no effect.
    claimed = target.query.get("x-id")
    given = target.query.keys() - {"x-id"}
    for row in OPERATIONS:
        fits = row.method == method and row.on_bucket == (not target.key)
        if fits and row.needs <= given <= row.needs | row.may and claimed in (None, row.name):
            _check_values(target.query)
            return row
    raise refused("operation", "no operation on a table's files has this method and query")


def check_right(operation: Operation, target: Target, allowed: Allowed) -> None:
    """Raise `Forbidden` if the operation's right does not cover it.

    The keys of DeleteObjects are in its body and are not checked here.
    """
    if not operation.on_bucket:
        allowed.check(target.key, operation.right)
    elif operation.name != DELETE_OBJECTS:
        _check_prefix(target.query["prefix"], allowed)


def _check_prefix(prefix: str, allowed: Allowed) -> None:
    if prefix in allowed.read:
        return
    if not is_inside(prefix, allowed.read):
        raise refused("outside", "it would list outside of what may be read")
    checked_key(prefix.removesuffix("/"))


def _check_values(query: dict[str, str]) -> None:
    if any(query.get(name) for name in _BARE) or query.get("list-type", "2") != "2":
        raise refused("query", "a parameter of its query has a value that it must not have")
