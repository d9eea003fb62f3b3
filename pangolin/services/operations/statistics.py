"""True counts for a dashboard, of one tenant or of the whole system."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pangolin.errors import BadRequest, NotFound
from pangolin.services.authz.access import require
from pangolin.services.catalogs import contents
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.versioned import listing
from pangolin.services.versioned.resolution import locate
from pangolin.store.kinds import CATALOG, PRINCIPAL, ROOT_HOME, TENANT, WAREHOUSE

Wire = dict[str, Any]
SCOPES = ("tenant", "system")


def stats(scope: Scope, of: str = "tenant") -> Wire:
    """Count what the request's tenant has, or (`system`, for root alone) what all tenants have.

    Tables, views, assets and namespaces are those that `main` shows.
    """
    if of not in SCOPES:
        raise BadRequest(f"scope must be one of {', '.join(SCOPES)}, not {of!r}")
    require(scope, "read", Resource("installation" if of == "system" else "statistics"))
    tenants = list(_tenants(scope)) if of == "system" else [scope.tenant]
    counts: Counter[str] = Counter()
    for tenant in tenants:
        counts.update(_of_tenant(replace(scope, tenant=tenant)))
    if of == "system":
        # Root belongs to no tenant.
        counts["users"] += scope.system.count(PRINCIPAL, (ROOT_HOME, "user"), index="name")
    return {
        **{f"{name}_count": count for name, count in counts.items()},
        "tenants_count": len(tenants),
        "scope": of,
    }


def _tenants(scope: Scope) -> Iterator[str]:
    return (str(record.doc["tenant"]) for record in scope.system.scan(TENANT))


def _of_tenant(scope: Scope) -> Counter[str]:
    counts = Counter(
        catalogs=0,
        warehouses=scope.store.count(WAREHOUSE),
        users=scope.store.count(PRINCIPAL, ("user",), index="name"),
        branches=0,
        tags=0,
        tables=0,
        views=0,
        assets=0,
        namespaces=0,
    )
    for catalog in scope.store.scan(CATALOG):
        counts.update(_of_catalog(scope, catalog.doc["name"], catalog.doc["id"]))
    return counts


def _of_catalog(scope: Scope, name: str, catalog_id: str) -> dict[str, int]:
    scope.check_deadline()
    try:
        place, _ = locate(scope, name)
    except NotFound:
        # It was removed since it was listed.
        return {}
    shown = listing.live_counts(scope.store, place)
    return {
        "catalogs": 1,
        "branches": contents.count_refs(scope, catalog_id, "branch"),
        "tags": contents.count_refs(scope, catalog_id, "tag"),
        **{f"{kind}s": count for kind, count in shown.items()},
    }
