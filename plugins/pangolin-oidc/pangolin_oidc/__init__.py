"""Sign in with OpenID Connect providers, and with GitHub."""

from collections.abc import Sequence
from pathlib import Path

from pangolin.plugin import (
    AuthRequest,
    AuthServices,
    IdentityProvider,
    Principal,
    Settings,
    hookimpl,
)
from pangolin_oidc.github import GithubProvider
from pangolin_oidc.provider import OidcProvider, authenticate
from pangolin_oidc.reading import read
from pangolin_oidc.tokens import look_at

BEARER = "bearer "


@hookimpl
def pangolin_identity_providers(settings: Settings) -> Sequence[IdentityProvider]:
    """Register the providers of the file that PANGOLIN_IDENTITY_PROVIDERS names."""
    if not settings.identity_providers:
        return []
    return [
        GithubProvider(options) if options.type == "github" else OidcProvider(options)
        for options in read(Path(settings.identity_providers))
    ]


@hookimpl
def pangolin_authenticate(request: AuthRequest, services: AuthServices) -> Principal | None:
    """Check a bearer token that a configured issuer has signed."""
    header = request.authorization or ""
    providers = [item for item in services.identity_providers if isinstance(item, OidcProvider)]
    if not providers or header[: len(BEARER)].lower() != BEARER:
        return None
    token = header[len(BEARER) :].strip()
    looked = look_at(token)
    return None if looked is None else authenticate(providers, looked, token, services)
