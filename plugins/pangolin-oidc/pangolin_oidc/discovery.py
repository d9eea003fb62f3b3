"""A provider's own description (OpenID Connect Discovery 1.0, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pangolin_oidc.fetching import Line
from pangolin_oidc.options import is_safe_url

WELL_KNOWN: Final = "/.well-known/openid-configuration"
REQUIRED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# What a provider that lists none supports by default.
DEFAULT_METHODS: Final = ("client_secret_basic",)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's endpoints, and how a client authenticates to it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    methods: tuple[str, ...]


def discover(line: Line, issuer: str) -> Metadata:
    """Fetch and check the description of an issuer; raise `Unavailable` saying what is wrong."""
    answer = line.get(issuer.rstrip("/") + WELL_KNOWN)
    if answer.status != 200 or not isinstance(answer.body, Mapping):
        raise line.down(f"its description is missing (status {answer.status})")
    body = answer.body
    if body.get("issuer") != issuer:
        raise line.down("the issuer in its description is not the configured one")
    for name in REQUIRED:
        _check(line, name, body.get(name))
    userinfo = body.get("userinfo_endpoint")
    if userinfo is not None:
        _check(line, "userinfo_endpoint", userinfo)
    return Metadata(
        authorization_endpoint=body["authorization_endpoint"],
        token_endpoint=body["token_endpoint"],
        jwks_uri=body["jwks_uri"],
        userinfo_endpoint=userinfo,
        methods=_methods(body.get("token_endpoint_auth_methods_supported")),
    )


def _check(line: Line, name: str, url: Any) -> None:
    if not isinstance(url, str) or not is_safe_url(url, line.allow_http):
        raise line.down(f"{name} in its description is not an https URL")


def _methods(listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list):
        return DEFAULT_METHODS
    return tuple(method for method in listed if isinstance(method, str))
