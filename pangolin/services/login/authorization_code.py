"""Sign-in at an identity provider: the redirect to it, the callback, and the token for the code."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from pangolin.errors import BadRequest, NotFound, Unauthorized
from pangolin.interfaces.authentication import IdentityProvider, LoginRequest, Principal
from pangolin.services.audit import trail
from pangolin.services.audit.records import Actor, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import login_state, principals, rate_limits, tokens
from pangolin.services.authn.login_state import CODE, STATE, Step
from pangolin.services.authn.principals import USER
from pangolin.services.authn.tokens import Issued, Terms
from pangolin.services.context.context import ClientInfo
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.login import external_identities, password_login
from pangolin.services.login.password_login import HOUR_MS, LOGIN
from pangolin.store.api import Conflict

COUNTED: Final = "oauth"
LONGEST_STATE: Final = 512
# Provider errors that are passed on (RFC 6749, 4.1.2.1; OpenID Connect Core, 3.1.2.6).
ERRORS: Final = frozenset(
    {"access_denied", "temporarily_unavailable", "login_required", "consent_required"}
    | {"interaction_required", "account_selection_required"}
)
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="pangolin"'}
BAD_STATE: Final = "state: it is unknown, was used, has expired, or belongs to another browser"
BAD_CODE: Final = "code: it is unknown, was used or has expired"


@dataclass(frozen=True, slots=True)
class Departure:
    """The URL the browser goes to, the callback, and the cookie that it must bring back."""

    url: str
    callback: str
    cookie: str
    binding: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a browser brings back from a provider."""

    state: str
    code: str = field(default="", repr=False)
    error: str = ""
    cookie: Callable[[str], str] = field(repr=False)


def find_provider(runtime: Runtime, name: str) -> IdentityProvider:
    """Return the provider with a name; raise `NotFound`."""
    for provider in runtime.providers:
        if provider.name == name:
            return provider
    raise NotFound(f"Identity provider does not exist: {name}")


def list_providers(runtime: Runtime, client: ClientInfo) -> list[dict[str, Any]]:
    """List the providers for people to choose from."""
    rate_limits.take(runtime, COUNTED, client.address)
    return [
        {"name": provider.name, "label": provider.label, "weaker": provider.weaker}
        for provider in runtime.providers
    ]


def start(
    runtime: Runtime, name: str, asked: dict[str, str], base: Callable[[], str], client: ClientInfo
) -> Departure:
    """Begin a login; `asked` has the `redirect_uri` and, optionally, a `state` of the caller.

    `base` returns the URL prefix of callbacks. Raises `BadRequest` for a `redirect_uri` that is not
    exactly one of PANGOLIN_OAUTH_REDIRECT_URIS.
    """
    rate_limits.take(runtime, COUNTED, client.address)
    provider = find_provider(runtime, name)
    if asked["redirect_uri"] not in runtime.settings.oauth_redirect_uris:
        raise BadRequest("redirect_uri: it is not listed in PANGOLIN_OAUTH_REDIRECT_URIS")
    binding, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    content = {
        "provider": name,
        "redirect_uri": asked["redirect_uri"],
        "client_state": asked.get("state", ""),
        "callback": base() + name,
        "nonce": nonce,
        "verifier": verifier,
        "binding": _digest(binding),
    }
    state = login_state.keep(runtime, STATE, content)
    url = provider.authorize_url(_request(content, state))
    return Departure(url, content["callback"], cookie_name(state), binding)


def finish(runtime: Runtime, name: str, back: Return, client: ClientInfo) -> str:
    """Handle a provider's callback; return the URL to redirect to, with a one-time code."""
    provider = find_provider(runtime, name)
    with _counted(runtime, provider, client):
        step = _returned(runtime, name, back)
        if back.error:
            return _turned_back(runtime, provider, step, back.error, client)
        if not back.code:
            raise BadRequest("code: the provider sent none")
        identity = provider.identify(_request(step.content, back.state), back.code)
        end = runtime.clock() + login_state.LIFETIMES_MS[CODE]
        principal = external_identities.admit(runtime, identity, end, client)
        return _onward(step, {"code": _code_for(runtime, provider, principal)})


def exchange(runtime: Runtime, code: str, client: ClientInfo) -> Issued:
    """Issue a token for a one-time code; raise `BadRequest` if it is no longer valid."""
    with _counted(runtime, None, client):
        step = login_state.find(runtime, CODE, code)
        if step is None:
            raise BadRequest(BAD_CODE)
        found = principals.standing(runtime, str(step.content["home"]), str(step.content["user"]))
        principal = principals.principal_of(found.doc, found.stamp)
        issued = _issue(runtime, principal, step, client)
        password_login.note_login(runtime, found.record, runtime.clock())
        return issued


def cookie_name(state: str) -> str:
    """Return the name of one login's cookie, so that concurrent logins do not interfere."""
    return f"pangolin-login-{_digest(state)[:16]}"


def _issue(runtime: Runtime, principal: Principal, step: Step, client: ClientInfo) -> Issued:
    roles: Any = step.content["roles"]
    signed_in: Any = step.content["auth_time_ms"]
    end = signed_in + runtime.settings.session_hours * HOUR_MS
    terms = Terms(expires_at_ms=end, auth_time_ms=signed_in, use=LOGIN)
    issued, batch = tokens.prepare(runtime, replace(principal, roles=tuple(roles)), terms)
    actor = Actor(principal, client)
    details = {"provider": step.content["provider"]}
    try:
        with trail.recording(
            runtime,
            actor,
            AuditEvent(AuditAction.LOGIN, Resource(USER, (principal.name,)), details=details),
        ) as records:
            runtime.store.apply(step.use, *batch, *records)
    except Conflict:
        raise BadRequest(BAD_CODE) from None
    return issued


def _returned(runtime: Runtime, name: str, back: Return) -> Step:
    """Return the step that a callback belongs to, and consume it."""
    step = login_state.find(runtime, STATE, back.state)
    if step is None or step.content["provider"] != name:
        raise BadRequest(BAD_STATE)
    binding = _digest(back.cookie(cookie_name(back.state)))
    if not hmac.compare_digest(binding, str(step.content["binding"])):
        raise BadRequest(BAD_STATE)
    if not login_state.used(runtime, step):
        raise BadRequest(BAD_STATE)
    return step


def _turned_back(
    runtime: Runtime, provider: IdentityProvider, step: Step, error: str, client: ClientInfo
) -> str:
    known = error if error in ERRORS else "server_error"
    _note_failure(runtime, provider, f"the provider answered {known}", client)
    return _onward(step, {"error": known})


def _code_for(runtime: Runtime, provider: IdentityProvider, principal: Principal) -> str:
    content = {
        "provider": provider.name,
        "home": principal.home,
        "user": principal.id,
        "roles": list(principal.roles),
        "auth_time_ms": principal.claims["auth_time_ms"],
    }
    return login_state.keep(runtime, CODE, content)


def _onward(step: Step, answer: dict[str, str]) -> str:
    url, state = str(step.content["redirect_uri"]), str(step.content["client_state"])
    query = urlencode(answer | ({"state": state} if state else {}))
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _request(content: Any, state: str) -> LoginRequest:
    verifier = content["verifier"]
    hashed = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    return LoginRequest(content["callback"], state, content["nonce"], verifier, challenge)


@contextmanager
def _counted(
    runtime: Runtime, provider: IdentityProvider | None, client: ClientInfo
) -> Iterator[None]:
    address = client.address
    rate_limits.take(runtime, COUNTED, address)
    try:
        yield
    except (BadRequest, Unauthorized) as error:
        _note_failure(runtime, provider, error.message, client)
        rate_limits.failed(runtime, COUNTED, address)
        # With a Basic challenge a browser would ask the person for a password.
        error.headers = CHALLENGE if error.status == Unauthorized.status else error.headers
        raise
    rate_limits.succeeded(runtime, COUNTED, address)


def _note_failure(
    runtime: Runtime, provider: IdentityProvider | None, why: str, client: ClientInfo
) -> None:
    name = provider.name if provider else ""
    home = principals.find_home(runtime, provider.tenant) if provider else None
    who = Principal("", "", "", home or DEFAULT_TENANT)
    actor = Actor(who, client)
    resource = Resource("identity-provider", (name,) if name else ())
    trail.record_outside(
        runtime, actor, AuditEvent(AuditAction.LOGIN_FAILED, resource, result="failure", error=why)
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
