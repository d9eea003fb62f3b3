"""The options of a Google Cloud warehouse, and the rules of their names."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pangolin.plugin import (
    BadRequest,
    Option,
    Warehouse,
    check_endpoint,
    parse_location,
    resolve_endpoint,
)

if TYPE_CHECKING:
    from pangolin.plugin import Settings

DOWNSCOPED: Final = "GcpDownscoped"
TOKEN: Final = "GcpToken"  # noqa: S105 - the name of a strategy
STORAGE: Final = "https://storage.googleapis.com"
OPTIONS: Final = (
    Option("gcs.bucket", "Name of the bucket.", aliases=("bucket", "gcp.bucket"), required=True),
    Option("gcs.prefix", "Path within the bucket.", aliases=("prefix", "key_prefix")),
    Option("gcs.project-id", "Project of the bucket, for clients.", aliases=("project_id",)),
    Option(
        "gcs.service-account-key",
        "Key of the server's service account, as JSON; empty: the server's own credentials.",
        aliases=("service_account_key", "gcp.service-account-key"),
        secret=True,
    ),
    Option(
        "gcs.impersonate",
        "Address of the service account that the server impersonates.",
        aliases=("impersonate", "impersonate_service_account"),
    ),
    Option(
        "gcs.endpoint",
        "Address of an emulator, such as http://127.0.0.1:4443; not needed for Google Cloud.",
        aliases=("endpoint", "gcs.service.host"),
    ),
)
# The vending strategy's members under other names than the options' own.
_MEMBERS: Final = {"service_account_email": "email", "private_key": "private-key"}
_SPELLINGS: Final = _MEMBERS | {
    spelling: option.name for option in OPTIONS for spelling in (option.name, *option.aliases)
}
_BUCKET = re.compile(r"(?!.*\.\.)(?!goog)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", re.ASCII)
_NUMERIC = re.compile(r"[0-9]+(\.[0-9]+){3}", re.ASCII)
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9.-]{0,127}@[a-z0-9][a-z0-9.-]{0,126}\.com", re.ASCII)
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]{0,126}", re.ASCII)


def strategy_of(warehouse: Warehouse) -> str:
    """Return the name of the strategy; a downscoped token if the warehouse names none."""
    return _tagged(warehouse.vending_strategy)[0]


def options_of(warehouse: Warehouse) -> dict[str, str]:
    """Return the options with the members of the vending strategy over those of the storage.

    Raises `BadRequest` naming an unknown member.
    """
    tag, members = _tagged(warehouse.vending_strategy)
    given = {_member(tag, name): str(value) for name, value in members.items() if value is not None}
    return _with_key({**warehouse.config, **given}, tag)


def root_of(config: Mapping[str, str], settings: "Settings") -> str:
    """Return the warehouse's location; raise `BadRequest` naming an option that is illegal."""
    _check_endpoint(config.get("gcs.endpoint", ""), settings)
    target, project = config.get("gcs.impersonate", ""), config.get("gcs.project-id", "")
    if target and not _ACCOUNT.fullmatch(target):
        raise BadRequest(
            "gcs.impersonate must be a service account such as vend@project.iam.gserviceaccount.com"
        )
    if project and not _PROJECT.fullmatch(project):
        raise BadRequest(f"gcs.project-id must be a project's id, not {project[:80]!r}")
    return location_of(config)


def guard(options: Mapping[str, str], settings: "Settings") -> None:
    """Resolve and check an emulator's host, which a warehouse names, before anything is sent there.

    Raises `BadRequest` for an address that warehouses may not use.
    """
    if options.get("gcs.endpoint"):
        resolve_endpoint(options["gcs.endpoint"], "gcs.endpoint", settings)


def location_of(options: Mapping[str, str]) -> str:
    """Return the location of bucket and prefix; raise `BadRequest` naming an illegal option."""
    bucket, prefix = options.get("gcs.bucket", ""), options.get("gcs.prefix", "")
    if not _BUCKET.fullmatch(bucket) or _NUMERIC.fullmatch(bucket):
        raise BadRequest(
            "gcs.bucket must be 3 to 222 lower-case letters, digits, dots, hyphens and "
            f"underscores, not {bucket[:80]!r}"
        )
    if any(character in "*?$" for character in prefix):
        raise BadRequest("gcs.prefix must not contain '*', '?' or '$'")
    return str(parse_location(f"gs://{bucket}/{prefix.strip('/')}", "gcs.prefix"))


def client_properties(config: Mapping[str, str]) -> dict[str, str]:
    """Return the file-IO properties of Iceberg clients (Java, PyIceberg); never a secret."""
    wanted = {"gcs.project-id": "gcs.project-id", "gcs.service.host": "gcs.endpoint"}
    return {key: config[name] for key, name in wanted.items() if config.get(name)}


def _check_endpoint(text: str, settings: "Settings") -> None:
    if not text:
        return
    check_endpoint(text, "gcs.endpoint", settings)
    if urlsplit(text).path not in ("", "/") or any(character in text for character in "?#@\\"):
        raise BadRequest("gcs.endpoint must be http(s)://host[:port], without path or query")


def _tagged(strategy: object) -> tuple[str, Mapping[str, object]]:
    if isinstance(strategy, Mapping):
        for tag, members in strategy.items():
            return str(tag), members if isinstance(members, Mapping) else {}
    return (strategy if isinstance(strategy, str) else DOWNSCOPED), {}


def _member(tag: str, name: str) -> str:
    if name not in _SPELLINGS:
        known = ", ".join(sorted(spelling for spelling in _SPELLINGS if "." not in spelling))
        raise BadRequest(f"vending_strategy.{tag}.{name[:80]} is unknown; known: {known}")
    return _SPELLINGS[name]


def _with_key(options: dict[str, str], tag: str) -> dict[str, str]:
    """Make a service account key from the address and the private key of a strategy."""
    email, private_key = options.pop("email", ""), options.pop("private-key", "")
    if not email and not private_key:
        return options
    if not (email and private_key):
        missing = "private_key" if email else "service_account_email"
        raise BadRequest(
            f"vending_strategy.{tag}.{missing} is required: give the address of the service "
            "account and its private key, or neither (to act as another, give impersonate)"
        )
    made = {"type": "service_account", "client_email": email, "private_key": private_key}
    return options | {"gcs.service-account-key": json.dumps(made)}
