"""Access tokens: JWTs signed by this server, each with a record that can be revoked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import jwt

from pangolin.errors import Unauthorized
from pangolin.interfaces.authentication import Principal
from pangolin.services.authn import principals, security_stamps, sessions, signing_keys
from pangolin.services.context.runtime import Runtime
from pangolin.store.api import ABSENT, Change, Delete, Key, Kind, Put, Record
from pangolin.store.identity_documents import PrincipalDoc, SigningKeyDoc, TokenDoc
from pangolin.store.kinds import API_KEY, SIGNING_KEY, TOKEN

AUDIENCE = "pangolin"
KIND = "token"
REQUIRED = ("exp", "iat", "sub", "jti", "iss", "aud")
MOST_CHARACTERS = 8192
PLAIN = re.compile(r"[A-Za-z0-9._:-]{0,128}")
REVOKED = "the token is unknown or was revoked"


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued token (`token`, shown once), its id, and its times in epoch milliseconds."""

    token: str = field(repr=False)
    jti: str
    expires_at_ms: int
    record: TokenDoc


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a token: its end, the sign-in it goes back to, and what narrows it."""

    expires_at_ms: int
    auth_time_ms: int
    use: str
    actor: str | None = None
    role: str | None = None
    tenant: str | None = None
    # The id of the API key that was presented for it: the token ends with the key.
    api_key: str | None = None


def prepare(runtime: Runtime, principal: Principal, terms: Terms) -> tuple[Issued, list[Change]]:
    """Return a token and the changes that make it valid; the caller applies them.

    The token has the principal's rights or fewer: a lower role, or root confined to one tenant.
    """
    jti, now = str(uuid4()), runtime.clock()
    role, tenant = principals.confined(principal, terms.tenant, terms.role)
    home = principals.home_of(principal)
    record: TokenDoc = {
        "tenant": home,
        "jti": jti,
        "principal": principal.id,
        "name": principal.name,
        "role": role,
        "within": tenant,
        "use": terms.use,
        "roles": list(principal.roles),
        "actor": terms.actor or principal.actor,
        "api_key": terms.api_key,
        "created_at_ms": now,
        "auth_time_ms": terms.auth_time_ms,
        "expires_at_ms": terms.expires_at_ms,
    }
    token = _sign(runtime, record)
    issued = Issued(token, jti, terms.expires_at_ms, record)
    return issued, [Put(TOKEN, record, ABSENT), *_expired(runtime, now)]


def is_ours(runtime: Runtime, token: str) -> bool:
    """Return whether a bearer token names this server as its issuer; nothing is verified yet."""
    if token.count(".") != 2 or len(token) > MOST_CHARACTERS:
        return False
    return _unverified(token).get("iss") == runtime.settings.token_issuer


def claims_to_be(runtime: Runtime, token: str, principal: Principal) -> bool:
    """Return whether a token names this server and a principal; nothing is verified."""
    return is_ours(runtime, token) and _unverified(token).get("sub") == principal.id


def principal_of(runtime: Runtime, token: str) -> Principal | None:
    """Return the principal of a token of this server, None for others; raise `Unauthorized`."""
    known = sessions.remembered(runtime, sessions.mark_of(KIND, token))
    if known is not None or not is_ours(runtime, token):
        return known
    return sessions.recognise(runtime, KIND, token, lambda: _establish(runtime, token))


def revoking(record: TokenDoc) -> list[Change]:
    """List the changes that revoke a token: it is refused from the next request on."""
    key = (record["tenant"], record["jti"])
    return [Delete(TOKEN, key), security_stamps.invalidate(record["tenant"], record["principal"])]


def is_ended(owner: PrincipalDoc, record: TokenDoc) -> bool:
    """Return whether a token was ended together with all the others of its principal."""
    ended = record["created_at_ms"] < owner.get("tokens_from_ms", 0)
    return ended and record["jti"] != owner.get("token_kept")


def _establish(runtime: Runtime, token: str) -> Principal:
    claims = _unverified(token)
    kid, home, subject, jti = (
        _plain(part)
        for part in (
            _header(token).get("kid"),
            claims.get("tid"),
            claims.get("sub"),
            claims.get("jti"),
        )
    )
    wanted: list[tuple[Kind, Key]] = [(SIGNING_KEY, (kid,)), (TOKEN, (home, jti))]
    found = principals.standing(runtime, home, subject, wanted)
    key: Record[SigningKeyDoc] | None
    record: Record[TokenDoc] | None
    key, record = found.others
    if key is None or key.doc.get(signing_keys.REVOKED):
        raise Unauthorized("the token's signing key is unknown or was revoked")
    _verify(runtime, token, signing_keys.public_of(key))
    if record is None or record.doc["principal"] != subject:
        raise Unauthorized(REVOKED)
    if is_ended(found.doc, record.doc):
        raise Unauthorized(REVOKED)
    _check_api_key(runtime, record.doc)
    return _bearer(principals.principal_of(found.doc, found.stamp), record.doc)


def _check_api_key(runtime: Runtime, record: TokenDoc) -> None:
    key = record.get("api_key")
    if key is not None and runtime.store.get(API_KEY, (record["tenant"], key)) is None:
        raise Unauthorized(REVOKED)


def _bearer(principal: Principal, record: TokenDoc) -> Principal:
    role, tenant = principals.confined(principal, record["within"], record["role"])
    names = ("expires_at_ms", "auth_time_ms", "api_key")
    return replace(
        principal,
        role=role,
        tenant=tenant,
        claims={name: record.get(name) for name in names},
        roles=tuple(record["roles"]),
        token=record["jti"],
        actor=record["actor"],
    )


def _sign(runtime: Runtime, record: TokenDoc) -> str:
    key = signing_keys.current(runtime)
    claims = {
        "iss": runtime.settings.token_issuer,
        "aud": AUDIENCE,
        "sub": record["principal"],
        "tid": record["tenant"],
        "jti": record["jti"],
        "iat": record["created_at_ms"] // 1000,
        "exp": -(-record["expires_at_ms"] // 1000),
        "auth_time": record["auth_time_ms"] // 1000,
        "name": record["name"],
        "role": record["role"],
    }
    if record["actor"]:
        claims["act"] = {"sub": record["actor"]}
    headers = {"kid": key.kid, "typ": "at+jwt"}
    return jwt.encode(claims, key.private, signing_keys.ALGORITHM, headers=headers)


def _verify(runtime: Runtime, token: str, key: Any) -> None:
    # The expiry is checked against the server's own clock, on every request.
    checks = {"require": list(REQUIRED), "verify_exp": False, "verify_iat": False}
    try:
        jwt.decode(
            token,
            key,
            algorithms=[signing_keys.ALGORITHM],
            audience=AUDIENCE,
            issuer=runtime.settings.token_issuer,
            options=checks,  # type: ignore[arg-type]
        )
    except jwt.PyJWTError:
        raise Unauthorized("the token is not one that this server signed") from None


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError, ValueError):
        raise Unauthorized("the token is malformed") from None


def _unverified(token: str) -> Mapping[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError, ValueError):
        return {}
    return claims


def _plain(value: object) -> str:
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return value
    raise Unauthorized("the token is malformed")


def _expired(runtime: Runtime, now: int) -> list[Change]:
    """List deletions of a few expired records, so that they do not pile up between `gc` runs."""
    oldest = runtime.store.page(TOKEN, index="expires", limit=20).records
    return [
        Delete(TOKEN, (record.doc["tenant"], record.doc["jti"]))
        for record in oldest
        if record.doc["expires_at_ms"] <= now
    ]
