"""Headers of requests: which are signed, which are dropped, and which are refused."""

import re
from collections.abc import Mapping
from typing import Final

from pangolin_aws.place import Place
from pangolin_aws.signing.refusal import refused

CONTENT_SHA256: Final = "x-amz-content-sha256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_ENCRYPTION: Final = "x-amz-server-side-encryption"
_KMS_KEY: Final = f"{_ENCRYPTION}-aws-kms-key-id"
_BUCKET_KEY: Final = f"{_ENCRYPTION}-bucket-key-enabled"
# Always replaced, whatever the client sends.
_REPLACED: Final = frozenset(
    {"authorization", "x-amz-date", "x-amz-security-token", "date", "host", CONTENT_SHA256}
)
_SIGNED: Final = frozenset(
    {
        "content-encoding",
        "content-md5",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "x-amz-checksum-algorithm",
        "x-amz-checksum-mode",
        "x-amz-checksum-type",
        "x-amz-decoded-content-length",
        "x-amz-expected-bucket-owner",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-storage-class",
        "x-amz-trailer",
        _ENCRYPTION,
        _KMS_KEY,
        _BUCKET_KEY,
    }
)
_SIGNED_KINDS = re.compile(r"x-amz-(checksum-(crc32|crc32c|crc64nvme|sha1|sha256)|meta-[!-~]+)")
# The Java SDK asks for an MD5 after what it reads: only that value of this header is allowed.
_TRANSFER: Final = {"x-amz-te": "append-md5"}
# Everything else of these kinds may mean something to a store: x-amz-copy-source, x-amz-acl, …
_MEANINGFUL = re.compile(r"x-(?!amzn-)|content-range$")
_PAYLOAD = re.compile(r"[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER")
_PLAIN = re.compile(r"[\t -~]*", re.ASCII)


def signed_headers(given: Mapping[str, tuple[str, ...]], place: Place) -> dict[str, str]:
    """Return which headers of a client to sign.

    Raises `Forbidden` for one that may change what a request does or where its data comes from.
    """
    found: dict[str, str] = {}
    for name, values in given.items():
        if name != name.lower():
            raise refused("header", "names of headers must be in lower case")
        if _is_signed(name, values):
            found[name] = _value(name, values)
        elif name not in _REPLACED and _MEANINGFUL.match(name):
            raise refused("header", f"it has the header {name[:80]!r}")
    _check_encryption(found, place)
    return found


def payload_of(given: Mapping[str, tuple[str, ...]]) -> str:
    """Return the payload's hash as the client sent it, or the mark of an unsigned payload."""
    text = _value(CONTENT_SHA256, given.get(CONTENT_SHA256, (UNSIGNED,)))
    if not _PAYLOAD.fullmatch(text):
        raise refused("header", f"its {CONTENT_SHA256} is neither a hash nor an unsigned payload")
    return text


def check_host(given: Mapping[str, tuple[str, ...]], host: str) -> None:
    """Raise `Forbidden` for a Host header that is not the URI's host."""
    said = given.get("host", (host,))
    if len(said) != 1 or said[0].lower() != host.lower():
        raise refused("host", "its Host header is not the host of its URI")


def _is_signed(name: str, values: tuple[str, ...]) -> bool:
    if name in _TRANSFER:
        return values == (_TRANSFER[name],)
    return name in _SIGNED or _SIGNED_KINDS.fullmatch(name) is not None


def _value(name: str, values: tuple[str, ...]) -> str:
    if len(values) != 1:
        raise refused("header", f"it has the header {name!r} other than once")
    if not _PLAIN.fullmatch(values[0]):
        raise refused("header", f"its header {name!r} has other characters than plain ASCII")
    return values[0].strip()


def _check_encryption(found: Mapping[str, str], place: Place) -> None:
    kind, key = found.get(_ENCRYPTION), found.get(_KMS_KEY)
    if kind not in (None, place.encryption, "AES256") or kind == "":
        raise refused("encryption", "it asks for another encryption than the warehouse's")
    if key is not None and (key != place.kms_key or not key):
        raise refused("encryption", "it names another KMS key than the warehouse's")
