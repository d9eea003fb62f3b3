"""API keys of service users, in `X-API-Key` or as a bearer token."""

from pangolin.plugin import AuthRequest, AuthServices, Principal, hookimpl


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: AuthServices) -> Principal | None:
    """Accept one of our API keys; leave other credentials to other plugins."""
    if request.api_key:
        return services.principal_of_api_key(request.api_key)
    scheme, _, key = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return services.principal_of_api_key(key.strip())
