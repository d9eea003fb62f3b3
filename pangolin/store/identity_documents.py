"""What records hold, kind by kind: principals, their rights, and the audit log.

A document is a plain dict; these classes are for the type checker only. What a scoped store or the
writer of entries fills in (`tenant`, `catalog`, `line`, `epoch`) need not be given. Times end in
`_ms` and are epoch milliseconds.
"""

from typing import Any, Literal, NotRequired, TypedDict

PrincipalType = Literal["user", "service"]
ScopeType = Literal["tenant", "catalog", "namespace", "asset", "tag"]


class MailFields(TypedDict):
    """An e-mail address: normalised for lookup, and as it was given."""

    email: str | None
    email_given: str | None


class PrincipalDoc(TypedDict):
    """A user or a service user; `provider` is the identity provider of its first sign-in."""

    tenant: NotRequired[str]
    id: str
    type: PrincipalType
    name: str
    role: str
    active: bool
    created_at_ms: int
    email: NotRequired[str | None]
    email_given: NotRequired[str | None]
    email_own: NotRequired[bool]
    password_hash: NotRequired[str | None]
    last_login_ms: NotRequired[int | None]
    provider: NotRequired[str]
    updated_at_ms: NotRequired[int]
    description: NotRequired[str | None]
    created_by: NotRequired[str]
    expires_at_ms: NotRequired[int | None]
    tokens_from_ms: NotRequired[int]
    token_kept: NotRequired[str | None]
    keys_changed_ms: NotRequired[int]


class StampDoc(TypedDict):
    """The security stamp of a sixteenth of a tenant's principals."""

    tenant: NotRequired[str]
    bucket: str


class TokenDoc(TypedDict):
    """A token that was issued."""

    tenant: NotRequired[str]
    jti: str
    principal: str
    name: str
    role: str
    within: str | None
    use: str
    roles: list[str]
    actor: str | None
    api_key: NotRequired[str | None]
    created_at_ms: int
    auth_time_ms: int
    expires_at_ms: int


class ApiKeyDoc(TypedDict):
    """An API key, by the digest of its secret."""

    tenant: NotRequired[str]
    id: str
    principal: str
    digest: str
    created_at_ms: int
    created_by: str
    expires_at_ms: int | None


class LastUsedDoc(TypedDict):
    """When an API key or its owner was last seen."""

    tenant: NotRequired[str]
    id: str
    at_ms: int


class ExternalIdentityDoc(TypedDict):
    """Which user a person at an identity provider is."""

    provider: str
    subject: str
    tenant: NotRequired[str]
    principal: str
    linked_at_ms: int


class RoleDoc(TypedDict):
    """A role."""

    tenant: NotRequired[str]
    id: str
    name: str
    description: str | None
    created_by: str
    created_at_ms: int
    updated_at_ms: int


class MembershipDoc(TypedDict):
    """A role that a principal or another role has."""

    tenant: NotRequired[str]
    member: str
    role: str
    type: str
    assigned_by: str
    assigned_at_ms: int


class ScopeDoc(TypedDict):
    """Where a grant applies: its `type`, and the members that the type has."""

    type: ScopeType
    catalog_id: NotRequired[str]
    namespace: NotRequired[str]
    asset_id: NotRequired[str]
    tag_name: NotRequired[str]
    ref: NotRequired[str]


class GrantDoc(TypedDict):
    """Actions that a principal or a role may do on a scope."""

    tenant: NotRequired[str]
    id: str
    grantee: str
    grantee_type: str
    scope: ScopeDoc
    actions: list[str]
    granted_by: str
    granted_at_ms: int
    asset_id: NotRequired[str]


class PublicKeyDoc(TypedDict):
    """A key that signs tokens without its private half; `public` is a JWK."""

    kid: str
    public: dict[str, str]
    created_at_ms: int
    revoked: NotRequired[bool]


class SigningKeyDoc(PublicKeyDoc):
    """A key that signs tokens, sealed."""

    sealed: str


class ServerSecretDoc(TypedDict):
    """A random secret of the installation, sealed."""

    name: str
    sealed: str
    created_at_ms: int


class LimitDoc(TypedDict):
    """Attempts that are counted under a name."""

    name: str
    window_ms: int
    count: int
    failures: int
    failed_at_ms: int
    locked_until_ms: int
    expires_at_ms: NotRequired[int]


class LoginStepDoc(TypedDict):
    """A step of an interactive login, sealed."""

    digest: str
    sealed: str
    expires_at_ms: int


class AuditDoc(TypedDict):
    """A record of the audit log; members without a value are left out."""

    tenant: NotRequired[str]
    segment: str
    number: int
    prev: str
    id: str
    at_ms: int
    user_id: NotRequired[str]
    username: str
    principal_type: str
    role: NotRequired[str]
    actor: NotRequired[str]
    request_id: NotRequired[str]
    ip_address: NotRequired[str]
    user_agent: NotRequired[str]
    action: str
    resource_type: str
    resource_name: str
    resource_id: NotRequired[str]
    ref: NotRequired[str]
    result: str
    error_message: NotRequired[str]
    before: NotRequired[str]
    after: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]
    mac: str


class AuditSegmentDoc(TypedDict):
    """A chain of audit records by one writer, and where others ended when it began."""

    tenant: NotRequired[str]
    segment: str
    opened_at_ms: int
    anchors: list[list[Any]]
    mac: str
    removed: NotRequired[dict[str, Any]]
