"""An operator's configuration of one identity provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

# Algorithm to the key type and curve that it needs; others are never accepted.
FAMILIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    **{f"{family}{size}": ("RSA", ()) for family in ("RS", "PS") for size in (256, 384, 512)},
    "ES256": ("EC", ("P-256",)),
    "ES384": ("EC", ("P-384",)),
    "ES512": ("EC", ("P-521",)),
    "EdDSA": ("OKP", ("Ed25519", "Ed448")),
}
GITHUB: Final = "https://github.com"
GITHUB_API: Final = "https://api.github.com"
# Anybody can have an account there, so creating users for all of them is never intended.
PUBLIC: Final = frozenset({GITHUB, "https://accounts.google.com", "https://appleid.apple.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One `[[provider]]` table, checked and with its defaults filled in."""

    name: str
    type: str
    label: str
    issuer: str
    client_id: str
    tenant: str
    client_secret: str = field(default="", repr=False)
    audiences: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    groups_claim: str = ""
    name_claim: str = "preferred_username"
    email_verified_claim: str = "email_verified"
    roles: Mapping[str, str] = field(default_factory=dict)
    email_domains: tuple[str, ...] = ()
    create_users: bool = False
    algorithms: tuple[str, ...] = tuple(FAMILIES)
    leeway_seconds: int = 30
    allow_http: bool = False
    api_url: str = GITHUB_API


def is_safe_url(text: str, allow_http: bool) -> bool:
    """Return whether a URL is https, or http to this machine if that is allowed."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or port == 0 or "@" in parts.netloc or "#" in text or not _is_plain(text):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and allow_http and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_plain(text: str) -> bool:
    return all("!" <= character <= "~" and character != "\\" for character in text)
