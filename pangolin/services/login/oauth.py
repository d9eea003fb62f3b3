"""OAuth2 access tokens: client credentials of service users, and exchange of one token for another.

A client's secret is an API key. A token exchange issues a token for the same principal with the
same rights or fewer, and only for a limited time after the sign-in that the first token came from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from pangolin.errors import Unauthorized
from pangolin.interfaces.authentication import Principal
from pangolin.services.audit import trail
from pangolin.services.audit.records import Actor, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import api_keys, principals, rate_limits, tokens
from pangolin.services.authn.tokens import Issued, Terms
from pangolin.services.context import metrics
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.services.login import token_exchange
from pangolin.services.login.oauth_requests import (
    ACCESS_TOKEN,
    Credentials,
    InvalidClient,
    InvalidGrant,
    OAuthError,
    TokenRequest,
    UnsupportedGrantType,
)
from pangolin.services.login.token_exchange import OAUTH, Recognise

CLIENT_CREDENTIALS = "client_credentials"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
WRONG = "the client id or secret is unknown, expired or was revoked"
Granted = tuple[Principal, Terms]


def answer(runtime: Runtime, asked: TokenRequest, recognise: Recognise) -> Json:
    """Issue a token (RFC 6749 §5.1, RFC 8693 §2.2.1); raise `OAuthError` or `TooManyRequests`."""
    kind, scope = asked.required("grant_type"), asked.scope
    if kind == CLIENT_CREDENTIALS:
        granted = _to_client(runtime, asked)
    elif kind == TOKEN_EXCHANGE:
        granted = _exchanged(runtime, asked, recognise)
    else:
        raise UnsupportedGrantType(f"grant_type must be {CLIENT_CREDENTIALS} or {TOKEN_EXCHANGE}")
    issued = _issue(runtime, asked, *granted)
    return {
        "access_token": issued.token,
        "token_type": "bearer",
        "expires_in": max(1, round((issued.expires_at_ms - runtime.clock()) / 1000)),
        "issued_token_type": ACCESS_TOKEN,
        "scope": scope,
    }


def _issue(runtime: Runtime, asked: TokenRequest, principal: Principal, terms: Terms) -> Issued:
    issued, batch = tokens.prepare(runtime, principal, terms)
    acting = replace(principal, actor=terms.actor or principal.actor)
    actor = Actor(acting, asked.client)
    resource = Resource("token", (issued.jti,))
    details = {"grant_type": asked.required("grant_type")}
    with trail.recording(
        runtime, actor, AuditEvent(AuditAction.GENERATE_TOKEN, resource, details=details)
    ) as records:
        runtime.store.apply(*batch, *records)
    return issued


def _to_client(runtime: Runtime, asked: TokenRequest) -> Granted:
    given = asked.credentials
    if given is None:
        raise InvalidClient("client_secret is missing, in the body or by HTTP Basic")
    with _attempt(runtime, asked, _account(asked, given)):
        principal = _proved(runtime, given)
    api_keys.note_use(runtime, principal)
    now = runtime.clock()
    end, expires = now + token_exchange.life(runtime), principal.claims.get("expires_at_ms")
    end = min(end, expires) if isinstance(expires, int) else end
    return principal, Terms(
        expires_at_ms=end, auth_time_ms=now, use=OAUTH, api_key=str(principal.claims["api_key"])
    )


def _exchanged(runtime: Runtime, asked: TokenRequest, recognise: Recognise) -> Granted:
    token, given = token_exchange.checked(asked), asked.credentials
    if given is not None and given.secret:
        with _attempt(runtime, asked, _account(asked, given)):
            return token_exchange.granted(runtime, asked, recognise, _proved(runtime, given))
    with _attempt(runtime, asked, f"token {token}"):
        client = token_exchange.bearing(asked, recognise)
        return token_exchange.granted(runtime, asked, recognise, client)


@contextmanager
def _attempt(runtime: Runtime, asked: TokenRequest, account: str) -> Iterator[None]:
    """Count the attempt that is checked inside, and record its failure."""
    place = (runtime, OAUTH, asked.client.address, account)
    rate_limits.take(*place)
    try:
        yield
    except (InvalidClient, InvalidGrant) as error:
        rate_limits.failed(*place)
        _note_refusal(runtime, asked, error)
        raise
    rate_limits.succeeded(*place)


def _account(asked: TokenRequest, given: Credentials) -> str:
    # Count by the id within the key, which only its holders know, so that anyone who knows only the
    # client's id cannot lock it out. This weakens nothing, for keys cannot be guessed.
    key = api_keys.FORM.fullmatch(given.secret)
    if key is not None:
        return f"key {key[1]}{key[2]}"
    return f"client {given.id} at {asked.client.address}"


def _proved(runtime: Runtime, given: Credentials) -> Principal:
    try:
        principal = api_keys.establish(runtime, given.secret)
        if given.id not in (None, principal.id, principal.name):
            raise Unauthorized(WRONG)
    except Unauthorized:
        metrics.authenticated("failure")
        raise InvalidClient(WRONG) from None
    metrics.authenticated("success")
    return principal


def _note_refusal(runtime: Runtime, asked: TokenRequest, error: OAuthError) -> None:
    given = asked.credentials
    name = (given.id if given else None) or ""
    if api_keys.PREFIX in name:
        # The id and the secret were swapped, and the record must not hold a secret.
        name = ""
    who = Principal("", name, "", _named_tenant(runtime, given))
    actor = Actor(who, asked.client)
    rejected = isinstance(error, InvalidClient)
    action = AuditAction.API_KEY_REJECTED if rejected else AuditAction.LOGIN_FAILED
    resource = Resource("token", (name,) if name else ())
    trail.record_outside(
        runtime, actor, AuditEvent(action, resource, result="failure", error=error.message)
    )


def _named_tenant(runtime: Runtime, given: Credentials | None) -> str | None:
    """Return the tenant that a key names, if it exists: the refusal is recorded in its log."""
    key = api_keys.FORM.fullmatch(given.secret) if given else None
    return principals.find_home(runtime, str(UUID(key[1]))) if key else None
