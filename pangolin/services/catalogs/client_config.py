"""The configuration that a client reads before its first call (Iceberg REST: getConfig)."""

from collections.abc import Sequence
from typing import Any

from pangolin.errors import BadRequest, NoSuchCatalog, NoSuchRef, NoSuchWarehouse
from pangolin.services.authz.access import require_sight
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.credentials import vending
from pangolin.services.storage import vending_strategies
from pangolin.services.versioned.resolution import ResolvedRef, resolve


def config(
    ctx: Context, wanted: str | None, endpoints: Sequence[str], *, with_prefix: bool = True
) -> dict[str, Any]:
    """Build a client's configuration for a catalog (or the default one), optionally at a ref.

    `endpoints` are those that the server offers, as `METHOD path`.
    Raises `NoSuchWarehouse` for an unknown catalog and `BadRequest` if none is named.
    """
    resolved = _resolved(ctx, wanted or ctx.settings.default_catalog)
    overrides = {"prefix": resolved.prefix} if with_prefix else {}
    return {
        "defaults": _defaults(resolved),
        "overrides": overrides,
        "endpoints": list(endpoints),
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
