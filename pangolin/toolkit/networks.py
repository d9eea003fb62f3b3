"""Which network addresses a tenant's configuration may send a server to."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from pangolin.errors import BadRequest

if TYPE_CHECKING:
    from pangolin.settings import Settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
SETTING: Final = "PANGOLIN_ENDPOINT_NETWORKS"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


WORDS: Final = {
    "none": (),
    "loopback": _networks("127.0.0.0/8", "::1/128"),
    "private": _networks(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"
    ),
}
# Cloud instance metadata, link-local, multicast and non-host addresses: never, whatever is set
NEVER: Final = _networks(
    "0.0.0.0/8",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "192.0.0.192/32",
    "224.0.0.0/3",
    "fd00:ec2::/32",
    "fd20:ce::/32",
    "fe80::/10",
    "ff00::/8",
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_LOOPBACK: Final = IPv6Address("::1")


def is_reachable(address: Address, networks: tuple[Network, ...]) -> bool:
    """Return whether an address is public or in one of the networks; never for metadata's."""
    found = _embedded(address)
    if any(found in network for network in NEVER):
        return False
    return found.is_global or any(found in network for network in networks)


def networks_of(settings: "Settings") -> tuple[Network, ...]:
    """Return the non-public networks that the setting `endpoint_networks` allows.

    If it is empty, a quick start that listens on this machine only may use loopback and private.
    Raises `BadRequest` naming the setting for an entry that is not a network.
    """
    words = settings.endpoint_networks
    if not words and settings.is_quick_start and _is_local(settings.host):
        words = ("loopback", "private")
    return tuple(network for word in words for network in _parsed(word))


def _parsed(word: str) -> tuple[Network, ...]:
    if word in WORDS:
        return WORDS[word]
    try:
        return _networks(word)
    except ValueError:
        known = ", ".join(WORDS)
        raise BadRequest(f"{SETTING} must list networks such as 10.1.0.0/16, or {known}") from None


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _embedded(address: Address) -> Address:
    """Return the IPv4 address embedded in an IPv6 one, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if inner is None and address != _LOOPBACK and (address in _NAT64 or address in _COMPATIBLE):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
