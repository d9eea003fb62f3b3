"""Where a warehouse is: storage account, container and cloud, by the rules of their names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pangolin.plugin import BadRequest, check_endpoint, parse_location, resolve_endpoint

if TYPE_CHECKING:
    from pangolin.plugin import Settings

PUBLIC: Final = "core.windows.net"
# Only these are asked for tokens, so that no tenant can send the server's secrets elsewhere.
AUTHORITIES: Final = {
    PUBLIC: "login.microsoftonline.com",
    "core.chinacloudapi.cn": "login.chinacloudapi.cn",
    "core.usgovcloudapi.net": "login.microsoftonline.us",
}
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", re.ASCII)
_PATH = re.compile(r"(/[a-z0-9]{3,24})?/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """A container of a storage account, and the address of the account's blob service."""

    name: str
    container: str
    suffix: str
    endpoint: str = ""

    @property
    def host(self) -> str:
        """The host that locations name."""
        return f"{self.name}.dfs.{self.suffix}"

    @property
    def blob_url(self) -> str:
        """Address of the blob service, without a trailing slash."""
        return self.endpoint or f"https://{self.name}.blob.{self.suffix}"

    @property
    def authority(self) -> str:
        """Host of the authority that issues tokens for this cloud."""
        return AUTHORITIES[self.suffix]


def account_of(options: Mapping[str, str]) -> Account:
    """Read the place; raise `BadRequest` naming an option that is missing or illegal."""
    name, container = options.get("adls.account-name", ""), options.get("adls.container", "")
    if not _ACCOUNT.fullmatch(name):
        raise BadRequest(
            f"adls.account-name must be 3 to 24 lower-case letters and digits, not {name[:80]!r}"
        )
    if not _CONTAINER.fullmatch(container):
        raise BadRequest(
            "adls.container must be 3 to 63 lower-case letters, digits and single hyphens, "
            f"not {container[:80]!r}"
        )
    suffix = options.get("adls.endpoint-suffix") or PUBLIC
    if suffix not in AUTHORITIES:
        raise BadRequest(f"adls.endpoint-suffix must be one of {', '.join(AUTHORITIES)}")
    return Account(name, container, suffix, _endpoint(options.get("adls.endpoint", "")))


def root_of(config: Mapping[str, str], settings: "Settings") -> str:
    """Return the warehouse's location; raise `BadRequest` naming an option that is illegal."""
    account = account_of(config)
    if account.endpoint:
        check_endpoint(account.endpoint, "adls.endpoint", settings)
    return location_of(config)


def guard(account: Account, settings: "Settings") -> None:
    """Resolve and check an emulator's host, which a warehouse names, before anything is sent there.

    Raises `BadRequest` for an address that warehouses may not use.
    """
    if account.endpoint:
        resolve_endpoint(account.endpoint, "adls.endpoint", settings)


def location_of(options: Mapping[str, str]) -> str:
    """Return the location of container and prefix; raise `BadRequest` naming an illegal option."""
    account = account_of(options)
    prefix = options.get("adls.prefix", "")
    if any(character in "*?$" for character in prefix):
        raise BadRequest("adls.prefix must not contain '*', '?' or '$'")
    text = f"abfss://{account.container}@{account.host}/{prefix.strip('/')}"
    return str(parse_location(text, "adls.prefix"))


def _endpoint(text: str) -> str:
    if not text:
        return ""
    try:
        path = urlsplit(text).path
    except ValueError:
        raise _bad_endpoint() from None
    if not _PATH.fullmatch(path) or any(character in text for character in "?#@\\"):
        raise _bad_endpoint()
    return text.rstrip("/")


def _bad_endpoint() -> BadRequest:
    return BadRequest(
        "adls.endpoint must be http(s)://host[:port][/account], without user name or query"
    )
