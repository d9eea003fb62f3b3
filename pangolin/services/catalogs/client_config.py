"""The configuration that a client reads before its first call (Iceberg REST: getConfig)."""

from typing import Any

from pangolin.errors import BadRequest, NoSuchCatalog, NoSuchRef, NoSuchWarehouse
from pangolin.services.authz.access import require_sight
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.credentials import vending
from pangolin.services.storage import vending_strategies
from pangolin.services.versioned.resolution import ResolvedRef, resolve

BELOW = "/v1/{prefix}/namespaces"
NAMESPACE = BELOW + "/{namespace}"
TABLE = NAMESPACE + "/tables/{table}"
VIEW = NAMESPACE + "/views/{view}"

ENDPOINTS = (
    f"GET {BELOW}",
    f"POST {BELOW}",
    f"GET {NAMESPACE}",
    f"HEAD {NAMESPACE}",
    f"DELETE {NAMESPACE}",
    f"POST {NAMESPACE}/properties",
    f"GET {NAMESPACE}/tables",
    f"POST {NAMESPACE}/tables",
    f"GET {TABLE}",
    f"HEAD {TABLE}",
    f"POST {TABLE}",
    f"DELETE {TABLE}",
    f"POST {TABLE}/unregister",
    f"POST {TABLE}/metrics",
    f"GET {TABLE}/credentials",
    f"POST {TABLE}/sign",
    f"POST {NAMESPACE}/register",
    "POST /v1/{prefix}/tables/rename",
    "POST /v1/{prefix}/transactions/commit",
    f"GET {NAMESPACE}/views",
    f"POST {NAMESPACE}/views",
    f"GET {VIEW}",
    f"HEAD {VIEW}",
    f"POST {VIEW}",
    f"DELETE {VIEW}",
    f"POST {NAMESPACE}/register-view",
    "POST /v1/{prefix}/views/rename",
)


def config(ctx: Context, wanted: str | None, *, with_prefix: bool = True) -> dict[str, Any]:
    """Build a client's configuration for a catalog (or the default one), optionally at a ref.

    Raises `NoSuchWarehouse` for an unknown catalog and `BadRequest` if none is named.
    """
    resolved = _resolved(ctx, wanted or ctx.settings.default_catalog)
    overrides = {"prefix": resolved.prefix} if with_prefix else {}
    return {
        "defaults": _defaults(resolved),
        "overrides": overrides,
        "endpoints": list(ENDPOINTS),
        "idempotency-key-lifetime": f"PT{ctx.settings.idempotency_minutes}M",
    }


def _defaults(resolved: ResolvedRef) -> dict[str, str]:
    """Make clients request credentials that do not by default: Java, Trino, Rust."""
    strategy = vending_strategies.strategy_of(resolved.warehouse.doc)
    if strategy is None:
        return {}
    mode = vending.REMOTE if strategy == vending_strategies.SIGNING else vending.VENDED
    return {"header.X-Iceberg-Access-Delegation": mode}


def _resolved(ctx: Context, wanted: str) -> ResolvedRef:
    if not wanted:
        raise BadRequest("warehouse must name a catalog: no default catalog is set")
    require_sight(ctx, "read", Resource("catalog", (wanted,)))
    try:
        resolved, _ = resolve(ctx, wanted)
    except (NoSuchCatalog, NoSuchRef) as error:
        raise NoSuchWarehouse(f"Warehouse does not exist: {wanted} ({error.message})") from None
    return resolved
