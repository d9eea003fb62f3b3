"""Exact counts for a dashboard, of one tenant or of the whole system."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pangolin.errors import BadRequest, NotFound
from pangolin.services.authz.access import require
from pangolin.services.catalogs import contents
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.versioned import listing
from pangolin.services.versioned.resolution import resolve
from pangolin.store.kinds import CATALOG, PRINCIPAL, ROOT_HOME, TENANT, WAREHOUSE

SCOPES = ("tenant", "system")


def stats(ctx: Context, of: str = "tenant") -> Json:
    """Count what the request's tenant has or (`system`, for root only) what all tenants have.

    Tables, views, assets and namespaces are those that `main` shows.
    """
    if of not in SCOPES:
        raise BadRequest(f"scope must be one of {', '.join(SCOPES)}, not {of!r}")
    require(ctx, "read", Resource("installation" if of == "system" else "statistics"))
    tenants = list(_tenants(ctx)) if of == "system" else [ctx.tenant]
    counts: Counter[str] = Counter()
    for tenant in tenants:
        counts.update(_of_tenant(replace(ctx, tenant=tenant)))
    if of == "system":
        # Root belongs to no tenant.
        counts["users"] += ctx.system.count(PRINCIPAL, (ROOT_HOME, "user"), index="name")
    return {
        **{f"{name}_count": count for name, count in counts.items()},
        "tenants_count": len(tenants),
        "scope": of,
    }


def _tenants(ctx: Context) -> Iterator[str]:
    return (str(record.doc["tenant"]) for record in ctx.system.scan(TENANT))


def _of_tenant(ctx: Context) -> Counter[str]:
    counts = Counter(
        catalogs=0,
        warehouses=ctx.store.count(WAREHOUSE),
        users=ctx.store.count(PRINCIPAL, ("user",), index="name"),
        branches=0,
        tags=0,
        tables=0,
        views=0,
        assets=0,
        namespaces=0,
    )
    for catalog in ctx.store.scan(CATALOG):
        counts.update(_of_catalog(ctx, catalog.doc["name"], catalog.doc["id"]))
    return counts


def _of_catalog(ctx: Context, name: str, catalog_id: str) -> dict[str, int]:
    ctx.check_deadline()
    try:
        resolved, _ = resolve(ctx, name)
    except NotFound:
        # It was deleted after it was listed.
        return {}
    shown = listing.live_counts(ctx.store, resolved)
    return {
        "catalogs": 1,
        "branches": contents.count_refs(ctx, catalog_id, "branch"),
        "tags": contents.count_refs(ctx, catalog_id, "tag"),
        **{f"{kind}s": count for kind, count in shown.items()},
    }
