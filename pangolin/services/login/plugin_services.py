"""The services that authentication plugins receive: a small part, for one application."""

from collections.abc import Sequence
from dataclasses import dataclass

from pangolin.interfaces.authentication import (
    AuthRequest,
    ExternalIdentity,
    IdentityProvider,
    Principal,
)
from pangolin.services.authn import api_keys, sessions, tokens
from pangolin.services.context.context import UNKNOWN_CLIENT, ClientInfo
from pangolin.services.context.runtime import Runtime
from pangolin.services.login import external_identities, password_login
from pangolin.settings import Settings


@dataclass(frozen=True, slots=True)
class PluginServices:
    """The services that `AuthServices` promises to authentication plugins."""

    _runtime: Runtime
    # For the audit record of a person who signs in for the first time.
    _client: ClientInfo = UNKNOWN_CLIENT

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self._runtime.settings

    @property
    def identity_providers(self) -> Sequence[IdentityProvider]:
        """The providers that plugins registered."""
        return self._runtime.providers

    def now(self) -> int:
        """Return the time in epoch milliseconds."""
        return self._runtime.clock()

    def principal_of_token(self, token: str) -> Principal | None:
        """Return the principal of a token that this server issued; None for other tokens."""
        return tokens.principal_of(self._runtime, token)

    def principal_of_api_key(self, key: str) -> Principal | None:
        """Return the principal of an API key of this server; None for other text."""
        return api_keys.principal_of(self._runtime, key)

    def principal_of_basic(self, username: str, password: str, request: AuthRequest) -> Principal:
        """Return the principal of a user's name and password."""
        client = ClientInfo(request.remote_address or "", request.agent, request.request_id)
        return password_login.principal_of_basic(self._runtime, username, password, client)

    def admit(self, identity: ExternalIdentity, credential: str, expires_at_ms: int) -> Principal:
        """Return the principal of a person whose bearer token was verified."""
        return sessions.recognise(
            self._runtime,
            external_identities.KIND,
            credential,
            lambda: external_identities.admit(self._runtime, identity, expires_at_ms, self._client),
        )

    def remembered(self, credential: str) -> Principal | None:
        """Return the principal of a credential that was admitted before, or None."""
        mark = sessions.mark_of(external_identities.KIND, credential)
        return sessions.remembered(self._runtime, mark)
