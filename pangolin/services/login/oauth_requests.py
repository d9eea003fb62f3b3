"""An OAuth2 token request (RFC 6749 §2.3, §4.4, §5.2; RFC 8693 §2)."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from pangolin.errors import PangolinError
from pangolin.services.context.context import ClientInfo

DEFAULT_SCOPE = "catalog"
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
MOST_CHARACTERS = 1024
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"  # noqa: S105 - a name
ACCESS_TOKEN = f"{TOKEN_TYPE}access_token"
TAKEN_TYPES = tuple(TOKEN_TYPE + name for name in ("access_token", "jwt", "id_token"))
GIVEN_TYPES = TAKEN_TYPES[:2]


class OAuthError(PangolinError):
    """The request for a token is malformed; the message names the parameter."""

    status = 400
    type = "invalid_request"


class InvalidScope(OAuthError):
    """The scope is not a list of scope tokens."""

    type = "invalid_scope"


class UnsupportedGrantType(OAuthError):
    """The grant type is neither client credentials nor token exchange."""

    type = "unsupported_grant_type"


class InvalidGrant(OAuthError):
    """A token to be exchanged is not valid, or not valid for this exchange."""

    type = "invalid_grant"


class InvalidClient(OAuthError):
    """The client's id, its secret or its token is wrong, expired or revoked."""

    status = 401
    type = "invalid_client"

    def __init__(self, message: str, **more: Any) -> None:
        more.setdefault("headers", {"WWW-Authenticate": 'Basic realm="pangolin"'})
        super().__init__(message, **more)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's id (None if the secret names its owner) and secret."""

    id: str | None
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The parameters that were sent with a value, the Authorization header, and the client."""

    parameters: Mapping[str, str] = field(repr=False)
    authorization: str | None = field(repr=False)
    client: ClientInfo

    def required(self, name: str) -> str:
        """Return a parameter; raise `OAuthError` if it is missing."""
        if name not in self.parameters:
            raise OAuthError(f"{name} is missing")
        return self.parameters[name]

    @property
    def scope(self) -> str:
        """The requested scope; raises `InvalidScope`."""
        scope = self.parameters.get("scope", DEFAULT_SCOPE)
        if len(scope) > MOST_CHARACTERS or not SCOPE.fullmatch(scope):
            raise InvalidScope("scope must be printable ASCII scope tokens, separated by spaces")
        return scope

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header."""
        scheme, _, token = (self.authorization or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    @property
    def credentials(self) -> Credentials | None:
        """The client's credentials, from the body, HTTP Basic or both; raises `OAuthError`."""
        found, basic = self._in_body(), self._in_header()
        if found is None or basic is None:
            return found or basic
        if found.secret not in ("", basic.secret) or found.id not in (None, basic.id):
            raise OAuthError("client_id and client_secret differ from those of HTTP Basic")
        return basic

    def token(self, name: str) -> str:
        """Return a token to be exchanged; raise `OAuthError` unless its type is known."""
        token, kind = self.required(name), self.required(f"{name}_type")
        if kind not in TAKEN_TYPES:
            raise OAuthError(f"{name}_type must be one of {', '.join(TAKEN_TYPES)}")
        if not TOKEN.fullmatch(token):
            raise InvalidGrant(f"{name} is malformed")
        return token

    def _in_body(self) -> Credentials | None:
        own = self.parameters.get("client_id"), self.parameters.get("client_secret", "")
        return None if own == (None, "") else Credentials(*own)

    def _in_header(self) -> Credentials | None:
        scheme, _, encoded = (self.authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            text = b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise InvalidClient("the Basic credentials are not base64-encoded UTF-8 text") from None
        name, colon, secret = text.partition(":")
        if not colon:
            raise InvalidClient("the Basic credentials lack a colon")
        return Credentials(unquote_plus(name) or None, unquote_plus(secret))
