"""An OpenID Connect provider: checks its bearer tokens, and signs people in with it."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from pangolin.plugin import (
    AuthServices,
    ExternalIdentity,
    LoginRequest,
    Principal,
    Unauthorized,
)
from pangolin_oidc.claims import filled, identity_of, lacks
from pangolin_oidc.discovery import Metadata, discover
from pangolin_oidc.exchange import Exchange
from pangolin_oidc.fetching import Line
from pangolin_oidc.keys import PublicKey, choose, parse_keys
from pangolin_oidc.memory import Fetched, Seconds
from pangolin_oidc.options import Options
from pangolin_oidc.tokens import Claims, Looked, Verifier, audiences_of

# After that a remembered token is checked again, so that a withdrawn key stops working.
REMEMBER_MS: Final = 600_000


class OidcProvider:
    """One provider; nothing is fetched before it is needed."""

    weaker = False

    def __init__(
        self,
        options: Options,
        *,
        clock: Seconds = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.label, self.tenant = options.name, options.label, options.tenant
        self._options = options
        self._wall = wall
        self._line = Line(options.name, options.allow_http)
        self._metadata = Fetched(self._discover, clock)
        self._keys = Fetched(self._fetch_keys, clock)
        self._verifier = Verifier(options, self._find_key)

    def is_meant(self, token: Looked) -> bool:
        """Return whether an unverified token claims to be for this provider."""
        mine = self._options.audiences
        return self.has_issued(token) and bool(set(mine) & set(audiences_of(token.claims)))

    def has_issued(self, token: Looked) -> bool:
        """Return whether an unverified token names this provider's issuer."""
        return token.issuer == self._options.issuer

    def authenticate(self, token: str, services: AuthServices) -> Principal:
        """Return the principal of a bearer token; raise `Unauthorized` or `Unavailable`."""
        known = services.remembered(token)
        if known is not None:
            return known
        now_ms = services.now()
        claims = self._verifier.bearer(token, now_ms / 1000)
        expires = int((claims["exp"] + self._options.leeway_seconds) * 1000)
        identity = identity_of(claims, self._options)
        return services.admit(identity, token, min(expires, now_ms + REMEMBER_MS))

    def authorize_url(self, login: LoginRequest) -> str:
        """Return the URL the browser is sent to."""
        endpoint = self._metadata.get().authorization_endpoint
        asked = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": login.callback,
            "scope": " ".join(self._options.scopes),
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": login.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identify(self, login: LoginRequest, code: str) -> ExternalIdentity:
        """Exchange the code and return who signed in; raise `Unauthorized` or `Unavailable`."""
        metadata = self._metadata.get()
        answer = Exchange(self._options, self._line).redeem(metadata, login, code)
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise self._line.down("its answer holds no id_token")
        claims = self._verifier.id_token(id_token, self._wall(), login.nonce)
        if metadata.userinfo_endpoint and lacks(claims, self._options):
            claims = self._with_userinfo(metadata.userinfo_endpoint, claims, answer)
        return identity_of(claims, self._options)

    def _with_userinfo(self, url: str, claims: Claims, answer: Mapping[str, Any]) -> Claims:
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise self._line.down("its answer holds no access_token")
        found = self._line.get(url, {"Authorization": f"Bearer {token}"})
        if found.status != 200 or not isinstance(found.body, Mapping):
            raise self._line.down(f"userinfo is missing (status {found.status})")
        if found.body.get("sub") != claims["sub"]:
            raise Unauthorized(f"userinfo of {self.name} is about somebody else")
        return filled(claims, found.body, self._options)

    def _find_key(self, kid: str | None, algorithm: str) -> PublicKey | None:
        found = choose(self._keys.get(), kid, algorithm)
        return found or choose(self._keys.renewed(), kid, algorithm)

    def _discover(self) -> Metadata:
        return discover(self._line, self._options.issuer)

    def _fetch_keys(self) -> tuple[PublicKey, ...]:
        answer = self._line.get(self._metadata.get().jwks_uri)
        keys = parse_keys(answer.body, self._options.algorithms) if answer.status == 200 else ()
        if not keys:
            raise self._line.down(f"it publishes no usable key (status {answer.status})")
        return keys


def authenticate(
    providers: list[OidcProvider], looked: Looked, token: str, services: AuthServices
) -> Principal | None:
    """Return the principal of a token, checked by the provider that issued it; None if none did."""
    issuers = [provider for provider in providers if provider.has_issued(looked)]
    if not issuers:
        return None
    meant = next((provider for provider in issuers if provider.is_meant(looked)), issuers[0])
    return meant.authenticate(token, services)
