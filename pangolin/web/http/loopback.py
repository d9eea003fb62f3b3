"""Serving without authentication: only to this machine, and only under its own name."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Request

from pangolin.errors import BadRequest, Forbidden
from pangolin.settings import Settings

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


@lru_cache(maxsize=1024)
def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address always means this machine."""
    if not host:
        return False
    bare = host.strip("[]").partition("%")[0]
    if bare.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def check_settings(settings: Settings) -> None:
    """Raise `BadRequest` if the server would be open to the network without authentication."""
    if settings.no_auth and not is_loopback(settings.host):
        raise BadRequest(
            f"PANGOLIN_NO_AUTH needs a loopback PANGOLIN_HOST such as 127.0.0.1, "
            f"not {settings.host!r}"
        )


def refuse_foreign(request: Request) -> None:
    """Raise `Forbidden` for a request from another machine or another site.

    A page in the operator's browser can reach a loopback port, under a name of its own (DNS
    rebinding) or across origins; a proxy hides where a request came from.
    """
    if not is_loopback(request.remote_addr) or any(name in request.headers for name in FORWARDED):
        raise Forbidden("without authentication only requests from this machine are served")
    if not names_this_machine(f"//{request.headers.get('Host', '')}"):
        raise Forbidden("without authentication the Host must be localhost, 127.0.0.1 or [::1]")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Forbidden("without authentication requests from other origins are refused")


def names_this_machine(url: str) -> bool:
    """Return whether the host of a URL is this machine."""
    try:
        return is_loopback(urlsplit(url).hostname)
    except ValueError:
        return False
