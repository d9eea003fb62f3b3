"""Bearer tokens that this server has issued."""

from pangolin.plugin import AuthRequest, AuthServices, Principal, hookimpl


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: AuthServices) -> Principal | None:
    """Accept `Authorization: Bearer` with one of our tokens; leave others to other plugins."""
    scheme, _, token = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return services.principal_of_token(token.strip())
