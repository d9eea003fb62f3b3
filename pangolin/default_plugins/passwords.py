"""HTTP Basic with a user's name and password."""

import binascii
from base64 import b64decode
from typing import Any

from pangolin.plugin import AuthRequest, Principal, Unauthorized, hookimpl
from pangolin.services.identity import check_password, principal_of


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: Any) -> Principal | None:
    """Accept `Authorization: Basic` of a user whose home is the whole server (root)."""
    scheme, _, encoded = (request.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    username, password = _decode(encoded.strip())
    record = check_password(services, "", username, password)
    if record is None:
        raise Unauthorized("wrong user name or password")
    return principal_of(record.doc)


def _decode(encoded: str) -> tuple[str, str]:
    try:
        text = b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unauthorized("the Basic credentials are not base64 of UTF-8 text") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise Unauthorized("the Basic credentials lack a colon")
    return username, password
