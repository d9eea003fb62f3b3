"""API keys of service users, in `X-API-Key` or as a bearer token."""

from typing import Any

from pangolin.plugin import AuthRequest, Principal, hookimpl
from pangolin.services.authn import api_keys


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: Any) -> Principal | None:
    """Accept one of our API keys; leave what looks otherwise to others."""
    key = request.api_key or ""
    if not key:
        scheme, _, key = (request.authorization or "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else ""
    if not key.startswith(api_keys.PREFIX):
        return None
    return api_keys.principal_of(services.runtime, key)
