"""HTTP Basic with a user's name and password."""

import binascii
from base64 import b64decode

from pangolin.plugin import AuthRequest, AuthServices, Principal, Unauthorized, hookimpl


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: AuthServices) -> Principal | None:
    """Accept `Authorization: Basic` of root, or of a user of a tenant as `tenant/name`."""
    scheme, _, encoded = (request.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    username, password = _decode(encoded.strip())
    return services.principal_of_basic(username, password, request)


def _decode(encoded: str) -> tuple[str, str]:
    try:
        text = b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unauthorized("the Basic credentials are not base64 of UTF-8 text") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise Unauthorized("the Basic credentials lack a colon")
    return username, password
