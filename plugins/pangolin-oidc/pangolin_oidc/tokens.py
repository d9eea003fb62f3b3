"""Check a provider's signed tokens: signature first, then every claim (RFC 7519, RFC 8725)."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from pangolin.plugin import Unauthorized
from pangolin_oidc.keys import PublicKey
from pangolin_oidc.options import Options

Claims = Mapping[str, Any]
KeyFinder = Callable[[str | None, str], PublicKey | None]
MOST_CHARACTERS: Final = 16_384
LONGEST_SUBJECT: Final = 255
# The types that a token's header may name, and those that providers put into a claim.
ACCESS_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
ID_TYPES: Final = frozenset({"jwt"})
CLAIMED_TYPES: Final = frozenset({"bearer", "id", "jwt"})


@dataclass(frozen=True, slots=True)
class Looked:
    """A token's parts before any of them is verified."""

    header: Mapping[str, Any]
    claims: Claims

    @property
    def issuer(self) -> str:
        """The issuer that the token names."""
        issuer = self.claims.get("iss")
        return issuer if isinstance(issuer, str) else ""


def look_at(token: str) -> Looked | None:
    """Read a token without verifying it; None if it is too long or not a signed JWT."""
    parts = token.split(".", 3)
    if len(token) > MOST_CHARACTERS or len(parts) != 3:
        return None
    header, claims = _object(parts[0]), _object(parts[1])
    return None if header is None or claims is None else Looked(header, claims)


def audiences_of(claims: Claims) -> tuple[str, ...]:
    """List a token's audiences."""
    found = claims.get("aud")
    if isinstance(found, str):
        return (found,)
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks tokens for one provider; each check raises `Unauthorized` saying what is wrong."""

    options: Options
    find_key: KeyFinder

    def bearer(self, token: str, now_s: float) -> Claims:
        """Return the claims of a token that a client presents."""
        claims = self._signed(token, ACCESS_TYPES)
        self._check(claims, now_s, self.options.audiences)
        if "cnf" in claims:
            raise self.refused("cnf: it is bound to a key, so that it is not sufficient by itself")
        return claims

    def id_token(self, token: str, now_s: float, nonce: str) -> Claims:
        """Return the claims of the ID token of a login (OpenID Connect Core, 3.1.3.7)."""
        claims = self._signed(token, ID_TYPES)
        client = self.options.client_id
        self._check(claims, now_s, (client,))
        self._time(claims, "iat", required=True)
        several = len(audiences_of(claims)) > 1
        if claims.get("azp", None if several else client) != client:
            raise self.refused("azp: it was issued to another client")
        if claims.get("nonce") != nonce:
            raise self.refused("nonce: it belongs to another login")
        return claims

    def refused(self, why: str) -> Unauthorized:
        """Build the error for a bad token."""
        return Unauthorized(f"the token of {self.options.name} is refused: {why}")

    def _signed(self, token: str, types: frozenset[str]) -> Claims:
        looked = look_at(token)
        if looked is None:
            raise self.refused("it is not a signed JWT of reasonable length")
        algorithm = self._check_header(looked.header, types)
        kid = looked.header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise self.refused("kid: it must be text")
        key = self.find_key(kid, algorithm)
        if key is None:
            raise self.refused("kid: the provider publishes no such key for this algorithm")
        try:
            jwt.PyJWS().decode_complete(token, key.key, algorithms=[algorithm])
        except (jwt.PyJWTError, ValueError, TypeError):
            raise self.refused("the signature does not match") from None
        return looked.claims

    def _check_header(self, header: Mapping[str, Any], types: frozenset[str]) -> str:
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self.options.algorithms:
            raise self.refused(f"alg: it must be one of {', '.join(self.options.algorithms)}")
        if "crit" in header or "b64" in header:
            raise self.refused("crit: it requires an unknown extension")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in types:
            raise self.refused("typ: it is a token of another kind")
        return algorithm

    def _check(self, claims: Claims, now_s: float, audiences: Sequence[str]) -> None:
        leeway = self.options.leeway_seconds
        if claims.get("iss") != self.options.issuer:
            raise self.refused("iss: it was issued by another issuer")
        if not set(audiences) & set(audiences_of(claims)):
            raise self.refused("aud: it was issued for another audience")
        if self._time(claims, "exp", required=True) <= now_s - leeway:
            raise self.refused("exp: it has expired")
        if self._time(claims, "nbf") > now_s + leeway:
            raise self.refused("nbf: it is not valid yet")
        if self._time(claims, "iat") > now_s + leeway:
            raise self.refused("iat: it was issued in the future")
        self._check_subject(claims)

    def _check_subject(self, claims: Claims) -> None:
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise self.refused(f"sub: it must be text of 1 to {LONGEST_SUBJECT} characters")
        if any(0xD800 <= ord(character) < 0xE000 for character in subject):
            raise self.refused("sub: it must be Unicode text")
        kind = claims.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in CLAIMED_TYPES or "events" in claims:
            raise self.refused("typ: it is a token of another kind")

    def _time(self, claims: Claims, name: str, *, required: bool = False) -> float:
        value = claims.get(name)
        if value is None and not required:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_sane(value):
            raise self.refused(f"{name}: it must be a number of seconds")
        return float(value)


def _is_sane(value: float) -> bool:
    # False for NaN and infinity, and for integers that do not fit into a float.
    return 0 <= value < 2**40


def _object(part: str) -> Mapping[str, Any] | None:
    try:
        text = part.encode("ascii")
        found = json.loads(base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None
