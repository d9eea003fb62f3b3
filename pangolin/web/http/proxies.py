"""The client's address behind proxies, as reported by those that the operator trusts."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from pangolin.errors import BadRequest
from pangolin.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check_settings(settings: Settings) -> None:
    """Raise `BadRequest` naming a trusted proxy that is not a network."""
    _networks(settings.trusted_proxies)


def client_address(peer: str | None, forwarded: str | None, trusted: tuple[str, ...]) -> str | None:
    """Return the address of the client: the nearest hop that is not a trusted proxy.

    `peer` is the connected host (REMOTE_ADDR), `forwarded` the whole X-Forwarded-For header, to
    which each proxy has appended the host that connected to it. The walk goes from its end towards
    the front and stops at the first malformed entry.
    """
    if not trusted or not forwarded:
        return peer
    networks, hop = _networks(trusted), _address(peer or "")
    if hop is None or not _is_in(hop, networks):
        return peer
    return str(_walk(hop, reversed(forwarded.split(",")), networks))


def _walk(hop: Address, entries: Iterable[str], networks: Iterable[Network]) -> Address:
    for entry in entries:
        before = _address(_bare(entry.strip()))
        if before is None:
            return hop
        hop = before
        if not _is_in(hop, networks):
            return hop
    return hop


@lru_cache(maxsize=16)
def _networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(map(_network, trusted))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise BadRequest(
            f"PANGOLIN_TRUSTED_PROXIES must list addresses and networks such as 10.0.0.0/8,"
            f" not {text!r}: {error}"
        ) from None


def _bare(entry: str) -> str:
    """Drop the port that some proxies add: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if entry.startswith("["):
        host, bracket, port = entry[1:].partition("]")
        return host if bracket and _is_port(port or ":0") else ""
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host if _is_port(f":{port}") else ""
    return entry


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdecimal()


def _address(text: str) -> Address | None:
    # A zone may be any text.
    if "%" in text:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
