"""Bearer tokens that `POST /api/v1/users/login` hands out."""

from typing import Any

from pangolin.plugin import AuthRequest, Principal, hookimpl
from pangolin.services.identity import TOKEN_PREFIX, principal_of_token


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: Any) -> Principal | None:
    """Accept `Authorization: Bearer` with one of our tokens; leave other tokens to others."""
    scheme, _, token = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip().startswith(TOKEN_PREFIX):
        return None
    return principal_of_token(services, token.strip())
