"""Exchange of one token for another (RFC 8693): for the same principal, and never for longer."""

from collections.abc import Callable

from pangolin.errors import Unauthorized
from pangolin.interfaces.authentication import Principal
from pangolin.services.authn import principals, tokens
from pangolin.services.authn.tokens import Terms
from pangolin.services.context.runtime import Runtime
from pangolin.services.login.oauth_requests import (
    ACCESS_TOKEN,
    GIVEN_TYPES,
    InvalidClient,
    InvalidGrant,
    OAuthError,
    TokenRequest,
)
from pangolin.store.kinds import API_KEY

OAUTH = "oauth"
MINUTE_MS, DAY_MS = 60_000, 86_400_000
# Returns the confirmed principal of a bearer token; raises `Unauthorized`.
Recognise = Callable[[str], Principal]


def life(runtime: Runtime) -> int:
    """Return the lifetime of a token in milliseconds."""
    return runtime.settings.token_minutes * MINUTE_MS


def checked(asked: TokenRequest) -> str:
    """Return the token to be exchanged; raise `OAuthError` for wrong parameters."""
    token, parameters = asked.token("subject_token"), asked.parameters
    if parameters.get("requested_token_type", ACCESS_TOKEN) not in GIVEN_TYPES:
        raise OAuthError(f"requested_token_type must be one of {', '.join(GIVEN_TYPES)}")
    if "actor_token" in parameters or "actor_token_type" in parameters:
        asked.token("actor_token")
    return token


def bearing(asked: TokenRequest, recognise: Recognise) -> Principal | None:
    """Return the principal of the token in the header, if it is not the one to be exchanged."""
    if asked.bearer in (None, asked.token("subject_token")):
        return None
    try:
        return recognise(str(asked.bearer))
    except Unauthorized as error:
        raise InvalidClient(f"Authorization: {error.message}") from None


def granted(
    runtime: Runtime, asked: TokenRequest, recognise: Recognise, client: Principal | None
) -> tuple[Principal, Terms]:
    """Return the new token's principal and terms; `client` is the authenticated client, if any.

    Raises `InvalidGrant`.
    """
    subject = _subject(runtime, asked.token("subject_token"), client, recognise)
    actor = _actor(asked, subject, client, recognise)
    return subject, _renewed(runtime, subject, actor)


def _subject(
    runtime: Runtime, token: str, client: Principal | None, recognise: Recognise
) -> Principal:
    try:
        return recognise(token)
    except Unauthorized as error:
        # A client renews its own expired token: it could also ask without one.
        if client is not None and tokens.claims_to_be(runtime, token, client):
            return client
        raise InvalidGrant(f"subject_token: {error.message}") from None


def _actor(
    asked: TokenRequest, subject: Principal, client: Principal | None, recognise: Recognise
) -> str | None:
    """Return the id of the subject's actor, if that is another principal."""
    actor = client
    if "actor_token" in asked.parameters:
        try:
            actor = recognise(asked.token("actor_token"))
        except Unauthorized as error:
            raise InvalidGrant(f"actor_token: {error.message}") from None
    if actor is None or actor.id == subject.id:
        return None
    if actor.tenant not in (None, subject.tenant):
        raise InvalidGrant("an actor must belong to the subject's tenant")
    return actor.id


def _renewed(runtime: Runtime, subject: Principal, actor: str | None) -> Terms:
    """Return the terms of a token that goes back to the subject's sign-in."""
    now, settings = runtime.clock(), runtime.settings
    signed_in = subject.claims.get("auth_time_ms")
    started = min(signed_in, now) if isinstance(signed_in, int) else now
    ends = [
        now + life(runtime),
        started + settings.renewal_days * DAY_MS,
        *_ends(runtime, subject),
    ]
    if min(ends) <= now:
        raise InvalidGrant("subject_token can no longer be renewed: sign in again")
    return Terms(
        expires_at_ms=min(ends),
        auth_time_ms=started,
        use=OAUTH,
        actor=actor,
        api_key=_api_key(subject),
    )


def _ends(runtime: Runtime, subject: Principal) -> list[int]:
    """List the expiry of the subject and of the API key that its tokens go back to."""
    home, key = principals.home_of(subject), _api_key(subject)
    wanted = [(API_KEY, (home, key))] if key else []
    try:
        standing = principals.standing(runtime, home, subject.id, wanted)
    except Unauthorized as error:
        raise InvalidGrant(f"subject_token: {error.message}") from None
    if None in standing.others:
        raise InvalidGrant("subject_token: the API key it was issued for was revoked")
    docs = [standing.doc, *(record.doc for record in standing.others if record)]
    return [doc["expires_at_ms"] for doc in docs if doc.get("expires_at_ms") is not None]


def _api_key(subject: Principal) -> str | None:
    key = subject.claims.get("api_key")
    return str(key) if key else None
