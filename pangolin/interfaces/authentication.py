"""What an authentication plugin receives and returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pangolin.settings import Settings
from pangolin.store.api import Key, Version
from pangolin.store.revalidating import Revalidation

ROOT: Final = "root"
TENANT_ADMIN: Final = "tenant-admin"
TENANT_USER: Final = "tenant-user"
# From the weakest to the strongest.
ROLES: Final = (TENANT_USER, TENANT_ADMIN, ROOT)


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a stable id, a display name, a role, and the tenant (None: any, for root).

    `type` is `user` or `service`. `roles` are the ids of roles that the credential itself brings.
    `home` is the tenant that holds the principal's record (None: the same as `tenant`).
    """

    id: str
    name: str
    role: str
    tenant: str | None = None
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)
    # The record to be read again before anything is answered; None if there is none.
    revalidation: Revalidation | None = field(default=None, repr=False, compare=False)
    type: str = "user"
    home: str | None = None
    roles: tuple[str, ...] = ()
    # The id of the token, and the actor that uses it on behalf of the principal.
    token: str | None = None
    actor: str | None = None
    # The version of the principal's stamp when the credential was checked.
    stamp: "Stamped | None" = field(default=None, repr=False, compare=False)

    @property
    def pledge(self) -> Revalidation | None:
        """The old name of `revalidation`, for one release."""
        return self.revalidation


@dataclass(frozen=True, slots=True)
class Stamped:
    """A stamp as it was read: its key, and its version (None: not there)."""

    key: Key
    version: Version | None


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """The parts of an HTTP request that authentication may read."""

    authorization: str | None
    api_key: str | None
    remote_address: str | None
    loopback: bool
    agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """A person as vouched for by an identity provider, whose answer has been verified.

    `provider` is the provider's local name, `subject` its stable id for the person. `tenant` is the
    tenant (id or name) the provider signs people in to. `groups` are mapped to roles through
    `roles` (group to role name). `domains` are those whose verified e-mail addresses may be linked
    to an existing user; `creates` says whether an unknown person becomes a user.
    """

    provider: str
    subject: str
    tenant: str
    name: str
    email: str | None = None
    email_verified: bool = False
    groups: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[str, ...] = ()
    creates: bool = False


class AuthServices(Protocol):
    """What `pangolin_authenticate` receives besides the request."""

    @property
    def settings(self) -> Settings:
        """The server's settings."""

    @property
    def identity_providers(self) -> "Sequence[IdentityProvider]":
        """What `pangolin_identity_providers` registered with this application."""

    def now(self) -> int:
        """Read the clock in epoch milliseconds."""

    def principal_of_token(self, token: str) -> Principal | None:
        """Return the principal of a token that this server issued; None for another's token.

        Raises `Unauthorized` for one of ours that has expired or was revoked.
        """

    def principal_of_api_key(self, key: str) -> Principal | None:
        """Return the principal of an API key that this server issued; None for another's key.

        Raises `Unauthorized` for one of ours that is unknown, has expired or was revoked.
        """

    def principal_of_basic(self, username: str, password: str, request: AuthRequest) -> Principal:
        """Return the principal of a user name and a password.

        The name is root's, or `tenant/name`. Failures count against the account and against the
        request's address. Raises `Unauthorized` and `TooManyRequests`.
        """

    def admit(self, identity: ExternalIdentity, credential: str, expires_at_ms: int) -> Principal:
        """Return the principal of a person whose bearer token was verified.

        The answer is remembered for `credential` until it expires. Raises `Unauthorized` for a
        person who is unknown here, or whose user is not active.
        """

    def remembered(self, credential: str) -> Principal | None:
        """Return the principal of a credential that was admitted earlier, or None."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A redirect to a provider: where the browser returns to, and what ties the answer to it.

    `state` and `nonce` are random text, `challenge` is the S256 PKCE challenge of `verifier`.
    """

    callback: str
    state: str
    nonce: str
    verifier: str = field(repr=False)
    challenge: str


class IdentityProvider(Protocol):
    """An interactive login provider (OAuth 2.0 authorization code with PKCE).

    `name` is part of URLs, `label` is for people, `tenant` (id or name) is where it signs people in
    to. A `weaker` one proves less than OpenID Connect does, and is marked as such to users.
    """

    name: str
    label: str
    tenant: str
    weaker: bool

    def authorize_url(self, login: LoginRequest) -> str:
        """Return the URL the browser is sent to; raise `Unavailable` if discovery fails."""

    def identify(self, login: LoginRequest, code: str) -> ExternalIdentity:
        """Exchange the code, verify the answer and return the identity; raise `Unauthorized`."""
