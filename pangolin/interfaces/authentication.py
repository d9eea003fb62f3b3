"""What an authentication plugin returns and sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pangolin.settings import Settings
from pangolin.store.api import Key, Version
from pangolin.store.revalidating import Revalidation

ROOT: Final = "root"
TENANT_ADMIN: Final = "tenant-admin"
TENANT_USER: Final = "tenant-user"
# From the least to the greatest.
ROLES: Final = (TENANT_USER, TENANT_ADMIN, ROOT)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a stable id, a name for people, a role, and the tenant (None: root's any).

    `type` is `user` or `service`. `roles` are the ids of roles that the credential itself brings.
    `home` is the tenant whose record the principal is (None: the same as `tenant`).
    """

    id: str
    name: str
    role: str
    tenant: str | None = None
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)
    # What has to be read once more before anything is answered; None if nothing has.
    revalidation: Revalidation | None = field(default=None, repr=False, compare=False)
    type: str = "user"
    home: str | None = None
    roles: tuple[str, ...] = ()
    # The id of the token, and who acts for the principal with it.
    token: str | None = None
    actor: str | None = None
    # The version at which the principal's stamp was when the credential was checked.
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
    """The parts of an HTTP request that authentication may look at."""

    authorization: str | None
    api_key: str | None
    remote_address: str | None
    loopback: bool
    agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """A person as an identity provider vouches for them, once its answer has been verified.

    `provider` is the provider's name here, `subject` its stable id for the person. `tenant` is the
    tenant (id or name) the provider signs people in to. `groups` are mapped to roles through
    `roles` (group to role name). `domains` are those whose verified e-mail addresses may be linked
    to a user that exists; `creates` says whether an unknown person becomes a user.
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
    """What `pangolin_authenticate` is given besides the request."""

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
        """Give the principal of a person whose bearer token was verified.

        The answer is remembered for `credential` until it expires. Raises `Unauthorized` for a
        person who is unknown here, or whose user is not active.
        """

    def remembered(self, credential: str) -> Principal | None:
        """Give the principal of a credential that was admitted before, or None."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A browser's way to a provider: where it comes back to, and what ties the answer to it.

    `state` and `nonce` are random text, `challenge` is the S256 PKCE challenge of `verifier`.
    """

    callback: str
    state: str
    nonce: str
    verifier: str = field(repr=False)
    challenge: str


class IdentityProvider(Protocol):
    """An interactive login provider (OAuth 2.0 authorization code with PKCE).

    `name` is part of URLs, `label` is for people, `tenant` (id or name) is whom it signs people in
    to. A `weaker` one proves less than OpenID Connect does, and is marked so where people choose.
    """

    name: str
    label: str
    tenant: str
    weaker: bool

    def authorize_url(self, login: LoginRequest) -> str:
        """Give the URL the browser is sent to; raise `Unavailable` if discovery fails."""

    def identify(self, login: LoginRequest, code: str) -> ExternalIdentity:
        """Exchange the code, verify what comes back, and say who it is; raise `Unauthorized`."""
