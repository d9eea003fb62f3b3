"""What an authentication plugin returns and sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pangolin.store.pledged import Pledge

ROOT = "root"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a stable id, a name for people, a role, and the home tenant (None: root)."""

    id: str
    name: str
    role: str
    tenant: str | None = None
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)
    # What has to be read once more before anything is answered; None if nothing has.
    pledge: Pledge | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """The parts of an HTTP request that authentication may look at."""

    authorization: str | None
    api_key: str | None
    remote_address: str | None
    loopback: bool


class IdentityProvider(Protocol):
    """An interactive login provider."""

    name: str

    def authorize_url(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Give the URL the browser is sent to (OAuth 2.0 authorization code with PKCE)."""
