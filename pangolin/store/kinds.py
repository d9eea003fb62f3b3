"""The schema on one page: every kind of record, its key, and the indexes that answer a question.

A namespace's `path` (and an asset's `namespace`) is its levels joined by U+001F, which no level
may hold. `catalog` and `line` are ids, so that renaming a catalog or a branch rewrites nothing.
Sparse index fields (`type`, `live_parent`) are left out of tombstones.
"""

from pangolin.store.api import Index, Kind

SEPARATOR = "\x1f"

# One record per layout component; `pangolin upgrade` reads it.
LAYOUT = Kind("layout", key=("name",), integers=frozenset({"number"}))

TENANT = Kind("tenant", key=("tenant",), indexes={"name": Index(("name",), unique=True)})

USER = Kind(
    "user",
    key=("id",),
    indexes={"username": Index(("home", "username"), unique=True)},
)

SESSION = Kind(
    "session",
    key=("digest",),
    indexes={"expires": Index(("expires_at_ms",)), "user": Index(("user",))},
    integers=frozenset({"expires_at_ms"}),
)

WAREHOUSE = Kind(
    "warehouse",
    key=("tenant", "name"),
    indexes={"id": Index(("tenant", "id"), unique=True)},
)

CATALOG = Kind(
    "catalog",
    key=("tenant", "name"),
    indexes={
        "id": Index(("tenant", "id"), unique=True),
        "warehouse": Index(("tenant", "warehouse_id")),
    },
)

# type: branch | tag. `line`, `epoch` (tags only) and `bases` ([[line, epoch], ...], nearest
# first) never change while the ref lives, so a resolved ref may be remembered by version.
REF = Kind(
    "ref",
    key=("tenant", "catalog", "name"),
    indexes={
        "type": Index(("tenant", "catalog", "type")),
        "line": Index(("tenant", "catalog", "line")),
    },
)

LINE = Kind("line", key=("tenant", "catalog", "id"), integers=frozenset({"epoch"}))

NAMESPACE = Kind(
    "namespace",
    key=("tenant", "catalog", "line", "path"),
    indexes={
        "children": Index(("tenant", "catalog", "line", "parent")),
        "listed": Index(("tenant", "catalog", "line", "live_parent")),
    },
    integers=frozenset({"epoch"}),
)

PAST_NAMESPACE = Kind(
    "past_namespace",
    key=("tenant", "catalog", "line", "path", "epoch"),
    indexes={"children": Index(("tenant", "catalog", "line", "parent"))},
    integers=frozenset({"epoch"}),
)

# type: table | view | asset
ASSET = Kind(
    "asset",
    key=("tenant", "catalog", "line", "namespace", "name"),
    indexes={
        "listed": Index(("tenant", "catalog", "line", "type", "namespace", "name")),
        "id": Index(("tenant", "id")),
    },
    integers=frozenset({"epoch"}),
)

PAST_ASSET = Kind(
    "past_asset",
    key=("tenant", "catalog", "line", "namespace", "name", "epoch"),
    indexes={"id": Index(("tenant", "id"))},
    integers=frozenset({"epoch"}),
)

# Who owns a directory: location is canonical, `asset` the id of the table or view.
CLAIM = Kind(
    "claim",
    key=("tenant", "location"),
    indexes={"asset": Index(("tenant", "asset"))},
)

# Serialises the rare writes that two different keys must not do at once.
GUARD = Kind("guard", key=("tenant", "name"))

IDEMPOTENCY = Kind(
    "idempotency",
    key=("tenant", "principal", "token"),
    indexes={"expires": Index(("tenant", "expires_at_ms"))},
    integers=frozenset({"expires_at_ms"}),
)

# Tables dropped with purge whose files a later `pangolin gc` must look at again.
TRASH = Kind("trash", key=("tenant", "catalog", "id"))

TENANT_SETTINGS = Kind("tenant_settings", key=("tenant",))

ALL = (
    LAYOUT,
    TENANT,
    USER,
    SESSION,
    WAREHOUSE,
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
