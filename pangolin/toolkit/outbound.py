"""Calls to addresses that tenants choose, which are checked at the moment of connecting.

A name is resolved once, all its addresses are checked, and the connection uses one of them:
a name that changes in between gains nothing. No redirect is followed and no proxy is used.
"""

import http.client
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from pangolin.errors import BadRequest, Unavailable
from pangolin.toolkit.networks import Address, Network, is_reachable, networks_of

if TYPE_CHECKING:
    from pangolin.settings import Settings

PORTS: Final = {"http": 80, "https": 443}
MAX_ANSWER_BYTES: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Answered:
    """A server's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def check_endpoint(url: str, option: str, settings: "Settings") -> None:
    """Raise `BadRequest` naming the option for a scheme or literal address that is not allowed.

    Uses no network: a host name is resolved and checked when the connection is made.
    """
    parts = _parsed(url, option)
    try:
        literal = ip_address(parts.hostname or "")
    except ValueError:
        return
    _check(literal, option, networks_of(settings))


def resolve_endpoint(url: str, option: str, settings: "Settings") -> tuple[str, ...]:
    """Look up the addresses of a URL's host.

    Raises `BadRequest` if one of them is not allowed, `Unavailable` if the host has none.
    """
    parts = _parsed(url, option)
    port = parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable(f"{option} names a host that has no address") from None
    return _allowed((str(row[4][0]) for row in found), option, networks_of(settings))


def call_endpoint(
    method: str,
    url: str,
    *,
    option: str,
    settings: "Settings",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10.0,
    tls: ssl.SSLContext | None = None,
) -> Answered:
    """Send one request and read the answer of at most 4 MiB; a redirect is an ordinary answer.

    Raises `BadRequest` for an address that is not allowed, `TimeoutError`, and `OSError` or
    `http.client.HTTPException` for a connection that fails.
    """
    parts = _parsed(url, option)
    connection = _connect(parts, resolve_endpoint(url, option, settings), timeout, tls)
    try:
        target = parts._replace(scheme="", netloc="").geturl() or "/"
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        data = answer.read(MAX_ANSWER_BYTES + 1)
        if len(data) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException("the answer is too long")
        return Answered(answer.status, dict(answer.getheaders()), data)
    finally:
        connection.close()


def _parsed(url: str, option: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        ok = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        ok = False
    if not ok or parts.username is not None:
        raise BadRequest(f"{option} must be an http or https URL without a user name")
    return parts


def _allowed(texts: Iterable[str], option: str, networks: tuple[Network, ...]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(texts))
    for text in found:
        _check(ip_address(text.partition("%")[0]), option, networks)
    return found


def _check(address: Address, option: str, networks: tuple[Network, ...]) -> None:
    if not is_reachable(address, networks):
        raise BadRequest(
            f"{option} leads to an address that warehouses may not use; for one of your own "
            "network, set PANGOLIN_ENDPOINT_NETWORKS"
        )


def _connect(
    parts: SplitResult, found: tuple[str, ...], timeout: float, tls: ssl.SSLContext | None
) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    raw = _dial(found, port, timeout)
    # The name is kept for the Host header and the certificate; the socket is already open.
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = tls or ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=timeout)
        connection.sock = _wrapped(context, raw, host)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = raw
    return connection


def _wrapped(context: ssl.SSLContext, raw: socket.socket, host: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise


def _dial(found: tuple[str, ...], port: int, timeout: float) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in found:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure
