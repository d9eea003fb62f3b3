"""The options of an S3 warehouse, and the rules their values obey."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from pangolin.plugin import BadRequest, Check, Option, check_endpoint, parse_location
from pangolin_aws.partitions import is_amazons
from pangolin_aws.role import check_role, flaw_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings

DEFAULT_REGION: Final = "us-east-1"
TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})
ENCRYPTION: Final = {"none": "", "s3": "AES256", "kms": "aws:kms"}
OPTIONS: Final = (
    Option("s3.bucket", "Name of the bucket.", aliases=("bucket",), required=True),
    Option("s3.prefix", "Path within the bucket.", aliases=("prefix", "key_prefix")),
    Option("s3.region", "Region of the bucket, such as eu-west-1.", aliases=("region",)),
    Option(
        "s3.endpoint",
        "Address of a compatible store, such as https://s3.example.org; not needed for Amazon S3.",
        aliases=("endpoint",),
    ),
    Option(
        "s3.path-style-access",
        "Whether the bucket is part of the path; true if there is an endpoint, else false.",
        aliases=("path_style_access", "s3.path-style", "path_style"),
    ),
    Option(
        "s3.access-key-id",
        "Access key of the server's own identity; empty: the environment's credentials.",
        aliases=("access_key_id",),
    ),
    Option(
        "s3.secret-access-key",
        "Secret of the access key.",
        aliases=("secret_access_key",),
        secret=True,
    ),
    Option(
        "s3.session-token",
        "Session token of a temporary access key.",
        aliases=("session_token",),
        secret=True,
    ),
    Option("s3.role-arn", "Role that vended credentials assume.", aliases=("role_arn",)),
    Option(
        "s3.external-id",
        "External id that the role requires; confidential.",
        aliases=("external_id",),
        secret=True,
    ),
    Option(
        "s3.sts-endpoint",
        "Address of the store's own STS; not needed for Amazon S3.",
        aliases=("sts_endpoint",),
    ),
    Option(
        "s3.session-tags",
        "Whether sessions carry tags; true needs sts:TagSession in the role's trust policy.",
        aliases=("session_tags",),
    ),
    Option("s3.sse.type", "Encryption of written objects: none, s3 or kms.", aliases=("sse_type",)),
    Option(
        "s3.sse.key",
        "KMS key of the encryption, by ARN or id.",
        aliases=("s3.kms-key-id", "kms_key_id", "kms_key_arn"),
    ),
)
ENDPOINTS: Final = ("s3.endpoint", "s3.sts-endpoint")
_BUCKET = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_NUMERIC_HOST = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*", re.ASCII)
_KEY_ID = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_KMS_KEY = re.compile(r"[A-Za-z0-9:/_-]{1,2048}", re.ASCII)


def root_of(config: Mapping[str, str], settings: "Settings") -> str:
    """Return the warehouse's location; raise `BadRequest` naming an option that is illegal."""
    bucket = config.get("s3.bucket", "")
    if not _BUCKET.fullmatch(bucket) or _NUMERIC_HOST.fullmatch(bucket):
        raise BadRequest(
            "s3.bucket must be 3 to 63 lower-case letters, digits, dots and hyphens, "
            f"not {bucket[:80]!r}"
        )
    _check_credentials(config)
    _check_encryption(config)
    for option in ENDPOINTS:
        if endpoint_of(config, option) is not None:
            check_endpoint(config[option], option, settings)
    _check_place(config)
    return _root(bucket, config.get("s3.prefix", ""))


def flaws_of(config: Mapping[str, str]) -> list[Check]:
    """List what is wrong with options that are nevertheless legal."""
    found = None if sts_of(config) else flaw_of(config.get("s3.role-arn", ""))
    return [found] if found else []


def is_path_style(config: Mapping[str, str]) -> bool:
    """Return whether the bucket is part of the path; raise `BadRequest` unless it is a boolean."""
    return is_true(config, "s3.path-style-access", default=bool(config.get("s3.endpoint")))


def is_true(config: Mapping[str, str], option: str, *, default: bool = False) -> bool:
    """Read an option that is true or false; raise `BadRequest` naming it for another value."""
    word = config.get(option, "").strip().lower()
    if word and word not in TRUE | FALSE:
        raise BadRequest(f"{option} must be true or false, not {word[:80]!r}")
    return word in TRUE if word else default


def encryption_of(config: Mapping[str, str]) -> str:
    """Return the encryption that S3 is asked for: `AES256`, `aws:kms` or ``""`` for none."""
    kind = config.get("s3.sse.type") or ("kms" if config.get("s3.sse.key") else "none")
    if kind not in ENCRYPTION:
        raise BadRequest(f"s3.sse.type must be none, s3 or kms, not {kind[:80]!r}")
    return ENCRYPTION[kind]


def endpoint_of(config: Mapping[str, str], name: str = "s3.endpoint") -> SplitResult | None:
    """Parse an endpoint's address, or return None; raise `BadRequest` naming the option."""
    text = config.get(name, "")
    if not text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad_endpoint(name) from None
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    bare = "?" not in text and "#" not in text and "@" not in text and parts.path in ("", "/")
    if parts.scheme not in ("http", "https") or port == 0 or not (plain and bare):
        raise _bad_endpoint(name)
    _check_host(parts.hostname or "", name)
    return parts


def check_key(key_id: str, secret: str) -> None:
    """Raise `BadRequest` for an access key that cannot be one."""
    if not _KEY_ID.fullmatch(key_id):
        raise BadRequest("s3.access-key-id must be printable ASCII without spaces")
    if not secret:
        raise BadRequest("s3.secret-access-key is required with an access key")


def sts_of(config: Mapping[str, str]) -> str:
    """Return the address of a store's own STS, or "" for Amazon's.

    Compatible stores serve STS at their S3 endpoint unless another one is configured.
    """
    found = (_own(config, name) for name in ("s3.sts-endpoint", "s3.endpoint"))
    return next(filter(None, found), "")


def _own(config: Mapping[str, str], name: str) -> str:
    parts = endpoint_of(config, name)
    return "" if parts is None or is_amazons(parts.hostname or "") else config[name].rstrip("/")


def _root(bucket: str, prefix: str) -> str:
    text = f"s3://{bucket}/{prefix.strip('/')}"
    if any(character in "*?$" for character in prefix):
        raise BadRequest("s3.prefix must not contain '*', '?' or '$'")
    return str(parse_location(text, "s3.prefix"))


def _check_place(config: Mapping[str, str]) -> None:
    region = config.get("s3.region", "")
    if region and not _REGION.fullmatch(region):
        raise BadRequest(f"s3.region must be a region such as eu-west-1, not {region[:80]!r}")
    is_path_style(config)
    is_true(config, "s3.session-tags")
    role = config.get("s3.role-arn", "")
    if role:
        check_role(role, region or DEFAULT_REGION, compatible=bool(sts_of(config)))
    external = config.get("s3.external-id", "")
    if external and not EXTERNAL_ID.fullmatch(external):
        raise BadRequest("s3.external-id must be 2 to 1224 letters, digits and +=,.@:/-_")


def _check_credentials(config: Mapping[str, str]) -> None:
    key, secret, token = (
        config.get(f"s3.{name}", "")
        for name in ("access-key-id", "secret-access-key", "session-token")
    )
    if bool(key) != bool(secret):
        missing = "s3.secret-access-key" if key else "s3.access-key-id"
        raise BadRequest(f"{missing} is required: give the access key and its secret, or neither")
    if token and not key:
        raise BadRequest("s3.access-key-id is required with s3.session-token")
    if key:
        check_key(key, secret)


def _check_encryption(config: Mapping[str, str]) -> None:
    key = config.get("s3.sse.key", "")
    if key and encryption_of(config) != "aws:kms":
        raise BadRequest("s3.sse.key needs s3.sse.type kms")
    if key and not _KMS_KEY.fullmatch(key):
        raise BadRequest("s3.sse.key must be the ARN or id of a KMS key")
    encryption_of(config)


def _check_host(host: str, name: str) -> None:
    # Instance metadata is at link-local addresses; a tenant must not reach it through the server.
    try:
        address = ip_address(host)
    except ValueError:
        if not _HOST.fullmatch(host) or _NUMERIC_HOST.fullmatch(host):
            raise _bad_endpoint(name) from None
        return
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
        raise BadRequest(f"{name} must not be a link-local, multicast or unspecified address")


def _bad_endpoint(name: str) -> BadRequest:
    return BadRequest(
        f"{name} must be http(s)://host[:port], without user name, path, query or fragment"
    )
