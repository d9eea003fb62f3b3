"""Bearer tokens that this server has issued."""

from typing import Any

from pangolin.plugin import AuthRequest, Principal, hookimpl
from pangolin.services.authn import tokens


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: Any) -> Principal | None:
    """Accept `Authorization: Bearer` with one of our tokens; leave other tokens to others."""
    scheme, _, token = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return tokens.principal_of(services.runtime, token.strip())
