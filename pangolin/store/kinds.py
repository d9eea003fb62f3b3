"""The schema on one page: every kind of record, its key, and its indexes.

A namespace's `path` (and an asset's `namespace`) is its levels joined by U+001F, which no level
may hold. `catalog` and `line` are ids, so that renaming a catalog or a branch rewrites nothing.
Sparse index fields (`type`, `live_parent`) are left out of tombstones.
"""

from typing import Any

from pangolin.store.api import Index, Kind
from pangolin.store.documents import (
    AssetDoc,
    AssetNoteDoc,
    AssetTagDoc,
    CatalogDoc,
    ClaimDoc,
    GuardDoc,
    IdempotencyDoc,
    LayoutDoc,
    LineDoc,
    NamespaceDoc,
    RefDoc,
    TenantDoc,
    TenantSettingsDoc,
    TrashDoc,
    WarehouseCheckDoc,
    WarehouseDoc,
)
from pangolin.store.identity_documents import (
    ApiKeyDoc,
    AuditDoc,
    AuditSegmentDoc,
    ExternalIdentityDoc,
    GrantDoc,
    LastUsedDoc,
    LimitDoc,
    LoginStepDoc,
    MembershipDoc,
    PrincipalDoc,
    RoleDoc,
    ServerSecretDoc,
    SigningKeyDoc,
    StampDoc,
    TokenDoc,
)

SEPARATOR = "\x1f"
# The tenant of root's own records.
ROOT_HOME = ""

# One record per layout component; `pangolin upgrade` reads it.
LAYOUT: Kind[LayoutDoc] = Kind("layout", key=("name",), integers=frozenset({"number"}))

TENANT: Kind[TenantDoc] = Kind(
    "tenant", key=("tenant",), indexes={"name": Index(("name",), unique=True)}
)

# A user (type `user`, with a password or an external login) or a service user (`service`, with
# API keys). Root's home is the tenant ROOT_HOME, which no ScopedStore can name.
PRINCIPAL: Kind[PrincipalDoc] = Kind(
    "principal",
    key=("tenant", "id"),
    indexes={
        "name": Index(("tenant", "type", "name"), unique=True),
        "email": Index(("tenant", "email")),
    },
)

# Increases with every change that could revoke or grant a right; see services.stamps.
STAMP: Kind[StampDoc] = Kind("stamp", key=("tenant", "bucket"))

# An issued token; one without a record here is refused.
TOKEN: Kind[TokenDoc] = Kind(
    "token",
    key=("tenant", "jti"),
    indexes={
        "principal": Index(("tenant", "principal", "jti")),
        "expires": Index(("expires_at_ms",)),
    },
    integers=frozenset({"expires_at_ms"}),
)

API_KEY: Kind[ApiKeyDoc] = Kind(
    "api_key",
    key=("tenant", "id"),
    indexes={"principal": Index(("tenant", "principal"))},
)

# When an API key was last used; written lazily and separately, so that using a key changes no key.
LAST_USED: Kind[LastUsedDoc] = Kind("last_used", key=("tenant", "id"))

# A person's identity at a provider, and the local user.
EXTERNAL_IDENTITY: Kind[ExternalIdentityDoc] = Kind(
    "external_identity",
    key=("provider", "subject"),
    indexes={"principal": Index(("tenant", "principal"))},
)

ROLE: Kind[RoleDoc] = Kind(
    "role", key=("tenant", "id"), indexes={"name": Index(("tenant", "name"), unique=True)}
)

# `member` is the id of a principal or of a role.
MEMBERSHIP: Kind[MembershipDoc] = Kind(
    "membership",
    key=("tenant", "member", "role"),
    indexes={"role": Index(("tenant", "role"))},
)

# `grantee` is the id of a principal or of a role; `asset_id` is there on asset scopes only.
GRANT: Kind[GrantDoc] = Kind(
    "grant_record",
    key=("tenant", "id"),
    indexes={
        "grantee": Index(("tenant", "grantee")),
        "asset": Index(("tenant", "asset_id")),
    },
)

# What people wrote about an asset (`asset` is its id), and an index of it by tag.
ASSET_NOTE: Kind[AssetNoteDoc] = Kind("asset_note", key=("tenant", "asset"))
ASSET_TAG: Kind[AssetTagDoc] = Kind("asset_tag", key=("tenant", "tag", "asset"))

# The keys that sign tokens, and other secrets of the server; both sealed.
SIGNING_KEY: Kind[SigningKeyDoc] = Kind("signing_key", key=("kid",))
SERVER_SECRET: Kind[ServerSecretDoc] = Kind("server_secret", key=("name",))

# Attempts, by the name of what is counted, such as `login:address:192.0.2.1`.
LIMIT: Kind[LimitDoc] = Kind(
    "limit_count",
    key=("name",),
    indexes={"expires": Index(("expires_at_ms",))},
    integers=frozenset({"expires_at_ms"}),
)

# A step of an interactive login that another server may continue: a state, or a one-time code.
LOGIN_STEP: Kind[LoginStepDoc] = Kind(
    "login_step",
    key=("digest",),
    indexes={"expires": Index(("expires_at_ms",))},
    integers=frozenset({"expires_at_ms"}),
)

# Records of what was done and refused: a chain per segment, a segment per writer. `id` is ordered
# by time.
AUDIT: Kind[AuditDoc] = Kind(
    "audit",
    key=("tenant", "segment", "number"),
    indexes={
        "time": Index(("tenant", "id")),
        "actor": Index(("tenant", "user_id", "id")),
        "action": Index(("tenant", "action", "id")),
        "resource": Index(("tenant", "resource_type", "resource_name", "id")),
        "result": Index(("tenant", "result", "id")),
    },
    integers=frozenset({"number"}),
)
AUDIT_SEGMENT: Kind[AuditSegmentDoc] = Kind("audit_segment", key=("tenant", "segment"))

WAREHOUSE: Kind[WarehouseDoc] = Kind(
    "warehouse",
    key=("tenant", "name"),
    indexes={"id": Index(("tenant", "id"), unique=True)},
)

# The results of a warehouse's last check; `warehouse` is its id.
WAREHOUSE_CHECK: Kind[WarehouseCheckDoc] = Kind("warehouse_check", key=("tenant", "warehouse"))

CATALOG: Kind[CatalogDoc] = Kind(
    "catalog",
    key=("tenant", "name"),
    indexes={
        "id": Index(("tenant", "id"), unique=True),
        "warehouse": Index(("tenant", "warehouse_id")),
    },
)

# type: branch | tag. `line`, `epoch` (tags only) and `bases` ([[line, epoch], ...], nearest
# first) never change while the ref lives, so a resolved ref may be remembered by version.
REF: Kind[RefDoc] = Kind(
    "ref",
    key=("tenant", "catalog", "name"),
    indexes={
        "type": Index(("tenant", "catalog", "type")),
        "line": Index(("tenant", "catalog", "line")),
    },
)

LINE: Kind[LineDoc] = Kind("line", key=("tenant", "catalog", "id"), integers=frozenset({"epoch"}))

NAMESPACE: Kind[NamespaceDoc] = Kind(
    "namespace",
    key=("tenant", "catalog", "line", "path"),
    indexes={
        "children": Index(("tenant", "catalog", "line", "parent")),
        "listed": Index(("tenant", "catalog", "line", "live_parent")),
    },
    integers=frozenset({"epoch"}),
)

PAST_NAMESPACE: Kind[NamespaceDoc] = Kind(
    "past_namespace",
    key=("tenant", "catalog", "line", "path", "epoch"),
    indexes={"children": Index(("tenant", "catalog", "line", "parent"))},
    integers=frozenset({"epoch"}),
)

# type: table | view | asset
ASSET: Kind[AssetDoc] = Kind(
    "asset",
    key=("tenant", "catalog", "line", "namespace", "name"),
    indexes={
        "listed": Index(("tenant", "catalog", "line", "type", "namespace", "name")),
        "id": Index(("tenant", "id")),
    },
    integers=frozenset({"epoch"}),
)

PAST_ASSET: Kind[AssetDoc] = Kind(
    "past_asset",
    key=("tenant", "catalog", "line", "namespace", "name", "epoch"),
    indexes={"id": Index(("tenant", "id"))},
    integers=frozenset({"epoch"}),
)

# Who owns a directory: location is canonical, `asset` the id of the table or view.
CLAIM: Kind[ClaimDoc] = Kind(
    "claim",
    key=("tenant", "location"),
    indexes={"asset": Index(("tenant", "asset"))},
)

# Serialises the rare writes that must not happen under two different keys at once.
GUARD: Kind[GuardDoc] = Kind("guard", key=("tenant", "name"))

IDEMPOTENCY: Kind[IdempotencyDoc] = Kind(
    "idempotency",
    key=("tenant", "principal", "token"),
    indexes={"expires": Index(("tenant", "expires_at_ms"))},
    integers=frozenset({"expires_at_ms"}),
)

# Tables dropped with purge whose files a later `pangolin gc` must check again.
TRASH: Kind[TrashDoc] = Kind("trash", key=("tenant", "catalog", "id"))

TENANT_SETTINGS: Kind[TenantSettingsDoc] = Kind("tenant_settings", key=("tenant",))

ALL: tuple[Kind[Any], ...] = (
    LAYOUT,
    TENANT,
    PRINCIPAL,
    STAMP,
    TOKEN,
    API_KEY,
    LAST_USED,
    EXTERNAL_IDENTITY,
    ROLE,
    MEMBERSHIP,
    GRANT,
    ASSET_NOTE,
    ASSET_TAG,
    SIGNING_KEY,
    SERVER_SECRET,
    LIMIT,
    LOGIN_STEP,
    AUDIT,
    AUDIT_SEGMENT,
    WAREHOUSE,
    WAREHOUSE_CHECK,
    CATALOG,
    REF,
    LINE,
    NAMESPACE,
    PAST_NAMESPACE,
    ASSET,
    PAST_ASSET,
    CLAIM,
    GUARD,
    IDEMPOTENCY,
    TRASH,
    TENANT_SETTINGS,
)


def parent_of(path: str) -> str:
    """Return the path of the namespace above; the top level has the empty path above it."""
    head, _, _ = path.rpartition("\x1f")
    return head
