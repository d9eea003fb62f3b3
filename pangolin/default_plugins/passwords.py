"""HTTP Basic with a user's name and password."""

import binascii
from base64 import b64decode
from typing import Any

from pangolin.plugin import AuthRequest, Principal, Unauthorized, hookimpl
from pangolin.services.context.scope import Client
from pangolin.services.login import password_login


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: Any) -> Principal | None:
    """Accept `Authorization: Basic` of root, or of a user of a tenant as `tenant/name`."""
    scheme, _, encoded = (request.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    username, password = _decode(encoded.strip())
    client = Client(request.remote_address or "", request.agent)
    return password_login.principal_of_basic(
        services.runtime, username, password, client, request.request_id
    )


def _decode(encoded: str) -> tuple[str, str]:
    try:
        text = b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unauthorized("the Basic credentials are not base64 of UTF-8 text") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise Unauthorized("the Basic credentials lack a colon")
    return username, password
