"""Removing everything below a catalog, a warehouse or a tenant, and phrasing what prevents it.

The records that make things reachable are deleted in one batch. The rows that become unreachable
are deleted after it, and `gc` deletes any that are left.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pangolin.errors import PangolinError
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.storage.location_claims import is_reachable
from pangolin.store.api import Change, Conflict, Delete, Kind, Record
from pangolin.store.documents import CatalogDoc, ClaimDoc
from pangolin.store.kinds import (
    API_KEY,
    ASSET,
    ASSET_NOTE,
    ASSET_TAG,
    CATALOG,
    CLAIM,
    GRANT,
    GUARD,
    IDEMPOTENCY,
    LAST_USED,
    LINE,
    MEMBERSHIP,
    NAMESPACE,
    PAST_ASSET,
    PAST_NAMESPACE,
    PRINCIPAL,
    REF,
    ROLE,
    TENANT_SETTINGS,
    TOKEN,
    TRASH,
    WAREHOUSE,
    WAREHOUSE_CHECK,
)
from pangolin.store.scoped import ScopedStore

log = logging.getLogger(__name__)
BELOW_A_CATALOG: Final[tuple[Kind, ...]] = (
    REF,
    LINE,
    NAMESPACE,
    PAST_NAMESPACE,
    ASSET,
    PAST_ASSET,
    TRASH,
)
# Audit records stay: they show who removed the tenant.
OF_A_TENANT: Final[tuple[Kind, ...]] = (
    WAREHOUSE,
    WAREHOUSE_CHECK,
    TENANT_SETTINGS,
    CLAIM,
    GUARD,
    IDEMPOTENCY,
    TRASH,
    TOKEN,
    API_KEY,
    LAST_USED,
    GRANT,
    MEMBERSHIP,
    ROLE,
    ASSET_NOTE,
    ASSET_TAG,
    PRINCIPAL,
)


def catalog_changes(store: ScopedStore, catalog: Record[CatalogDoc]) -> list[Change]:
    """List the deletes of a catalog, its refs and its lines, which make all below unreachable."""
    catalog_id = catalog.doc["id"]
    refs = store.scan(REF, (catalog_id,))
    lines = store.scan(LINE, (catalog_id,))
    return [
        Delete(CATALOG, (catalog.doc["name"],), catalog.version),
        *(Delete(REF, (catalog_id, ref.doc["name"]), ref.version) for ref in refs),
        *(Delete(LINE, (catalog_id, line.doc["id"]), line.version) for line in lines),
    ]


def parts(catalogs: Iterable[Record[CatalogDoc]]) -> list[AuditEvent]:
    """List the events of catalogs that are deleted together with their container."""
    return [
        AuditEvent(
            AuditAction.DELETE_CATALOG, Resource("catalog", (each.doc["name"],)), before=each.doc
        )
        for each in catalogs
    ]


def sweep(ctx: Context, catalogs: Iterable[CatalogDoc]) -> None:
    """Remove the rows that deleted catalogs left; log a failure and leave the rest to `gc`."""
    for catalog in catalogs:
        try:
            for kind in BELOW_A_CATALOG:
                ctx.store.purge(kind, (catalog["id"],))
            _sweep_claims(ctx, f"{catalog['storage_location'].rstrip('/')}/")
        except PangolinError as error:
            log.warning("rows of catalog %s are left to gc: %s", catalog["name"], error)


def sweep_tenant(ctx: Context) -> None:
    """Remove the rows that a deleted tenant left; log a failure."""
    try:
        for kind in OF_A_TENANT:
            ctx.store.purge(kind)
    except PangolinError as error:
        log.warning("rows of tenant %s are left: %s", ctx.tenant, error)


def tally(counts: Mapping[str, int]) -> str:
    """Phrase counts: "2 tables and 1 view"; empty when all are zero."""
    words = [
        f"{count} {_plural(name) if count > 1 else name}" for name, count in counts.items() if count
    ]
    return " and ".join((", ".join(words[:-1]), words[-1]) if words[1:] else words)


def quoted(names: Sequence[str], most: int = 5) -> str:
    """List names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _plural(name: str) -> str:
    return f"{name}es" if name.endswith("ch") else f"{name}s"


def _sweep_claims(ctx: Context, below: str) -> None:
    after = below
    while True:
        page = ctx.store.page(CLAIM, (), after=(after,), limit=200)
        for claim in page.records:
            after = claim.doc["location"]
            if not after.startswith(below):
                return
            _drop_claim(ctx, claim)
        if page.after is None:
            return


def _drop_claim(ctx: Context, claim: Record[ClaimDoc]) -> None:
    if is_reachable(ctx, claim.doc["asset"]):
        return
    try:
        ctx.store.apply(Delete(CLAIM, (claim.doc["location"],), claim.version))
    except Conflict:
        # A new catalog at the same location has claimed the directory meanwhile.
        return
