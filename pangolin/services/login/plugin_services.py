"""What authentication plugins are given: a small part of the services, for one application."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pangolin.interfaces.authentication import ExternalIdentity, IdentityProvider, Principal
from pangolin.services.authn import sessions
from pangolin.services.context.runtime import Runtime
from pangolin.services.login import external_identities
from pangolin.services.login.external_identities import Visit
from pangolin.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The services of `AuthServices`; `runtime` is for the default plugins."""

    runtime: Runtime
    # For the record of a person who comes for the first time.
    visit: Visit = field(default_factory=Visit)

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self.runtime.settings

    @property
    def identity_providers(self) -> Sequence[IdentityProvider]:
        """What plugins registered as providers."""
        return self.runtime.providers

    def now(self) -> int:
        """Read the clock in epoch milliseconds."""
        return self.runtime.clock()

    def admit(self, identity: ExternalIdentity, credential: str, expires_at_ms: int) -> Principal:
        """Give the principal of a person whose bearer token was verified."""
        return sessions.recognise(
            self.runtime,
            external_identities.KIND,
            credential,
            lambda: external_identities.admit(self.runtime, identity, expires_at_ms, self.visit),
        )

    def remembered(self, credential: str) -> Principal | None:
        """Give the principal of a credential that was admitted before, or None."""
        mark = sessions.mark_of(external_identities.KIND, credential)
        return sessions.remembered(self.runtime, mark)
