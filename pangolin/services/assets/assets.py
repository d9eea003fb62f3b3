"""Generic assets: objects of other formats that a catalog keeps a pointer to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from pangolin.errors import AlreadyExists, BadRequest, NoSuchAsset
from pangolin.services.assets import business_metadata, occurrences
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import require, require_asset, visible_part
from pangolin.services.authz.actions import Action
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.resource import Resource
from pangolin.services.tables.lookup import look, read_slot
from pangolin.services.versioned import addressing, entries, listing
from pangolin.services.versioned.addressing import Address
from pangolin.services.versioned.entries import ASSETS, Found
from pangolin.services.versioned.listing import Query
from pangolin.services.versioned.relations import LABELS
from pangolin.store.documents import AssetDoc
from pangolin.store.kinds import SEPARATOR

KINDS: Final = (
    "ICEBERG_TABLE",
    "DELTA_TABLE",
    "HUDI_TABLE",
    "PARQUET_TABLE",
    "CSV_TABLE",
    "JSON_TABLE",
    "VIEW",
    "ML_MODEL",
    "APACHE_PAIMON",
    "VORTEX",
    "LANCE",
    "NIMBLE",
    "DIRECTORY",
    "VIDEO_FILE",
    "IMAGE_FILE",
    "DB_CONN_STRING",
    "OTHER",
)
MAX_LOCATION: Final = 2048


def register(ctx: Context, prefix: str, levels: Sequence[str], fields: Mapping[str, Any]) -> Json:
    """Register a pointer of `name`, `kind`, `location` and `properties`; nothing checks its target.

    Raises `NoSuchNamespace`, `AlreadyExists` and `BadRequest`.
    """
    address = addressing.asset(ctx, prefix, levels, fields["name"], new=True)
    require(ctx, "create", namespaces.resource(Address(address.prefix, address.levels)))
    _check(fields)

    def attempt() -> Json:
        slot = read_slot(ctx, address)
        taken = slot.entry.doc
        if taken is not None:
            raise AlreadyExists(f"{LABELS[taken['type']]} already exists: {address.dotted}")
        doc = _new(address, fields, ctx.now())
        outcome = _to_json(doc)
        changes = [*slot.hold(), *entries.write(slot.resolved, ASSETS, doc, slot.entry.own)]
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.REGISTER_ASSET, _resource(address), after=doc),
            outcome=outcome,
        )
        return outcome

    return write(ctx, "register", attempt, Json)


def page(
    ctx: Context,
    prefix: str,
    levels: Sequence[str],
    *,
    limit: int = 100,
    after: str | None = None,
) -> tuple[list[Json], str | None]:
    """List a namespace's assets, tables and views included, and the `after` of the next page."""
    address = addressing.namespace(ctx, prefix, levels)
    seen = visible_part(ctx, namespaces.resource(address))
    resolved = namespaces.find(ctx, address).resolved
    query = Query(resolved, ASSETS, address.path, after=after, limit=limit)
    docs, more = listing.page(ctx.store, query, seen)
    return [_row(doc) for doc in docs], more


def get(ctx: Context, prefix: str, levels: Sequence[str], name: str) -> Json:
    """Read an asset, a table or a view as an asset; raise `NoSuchAsset`."""
    address = addressing.asset(ctx, prefix, levels, name)
    require(ctx, "read", _resource(address))
    return _to_json(_find(ctx, address, "read").doc)


def delete(ctx: Context, prefix: str, levels: Sequence[str], name: str) -> None:
    """Delete a generic asset, but not what it points to. Tables and views are dropped elsewhere."""
    address = addressing.asset(ctx, prefix, levels, name)
    require(ctx, "delete", _resource(address))

    def attempt() -> None:
        found = _find(ctx, address, "delete")
        kind = found.doc["type"]
        if kind != "asset":
            raise BadRequest(f"{address.dotted} is a {kind}; drop it in the Iceberg API")
        key = (address.path, address.name)
        drop = entries.drop(found.resolved, ASSETS, key, found.own)
        changes = [found.resolved.hold(), *drop]
        batch.apply(
            ctx, changes, AuditEvent(AuditAction.DELETE_ASSET, _resource(address), before=found.doc)
        )

    write(ctx, "delete", attempt)


def by_id(ctx: Context, asset_id: str) -> Json:
    """Find an asset, table or view by id, preferably on main; raise `NoSuchAsset`.

    The answer holds `asset`, `metadata` (what people wrote about it, or None), `catalog` and
    `namespace`.
    """
    occurrence = occurrences.readable(ctx, asset_id)
    return {
        "asset": _to_json(occurrence.doc),
        "metadata": business_metadata.of(ctx, asset_id),
        "catalog": occurrence.catalog,
        "namespace": occurrence.levels,
    }


def _find(ctx: Context, address: Address, action: Action) -> Found[AssetDoc]:
    resolved, entry = look(ctx, address)
    if entry.doc is None:
        raise NoSuchAsset(f"Asset does not exist: {address.dotted}")
    require_asset(ctx, action, _resource(address), entry.doc["id"])
    return Found(resolved, entry.doc, entry.own)


def _check(fields: Mapping[str, Any]) -> None:
    if fields["kind"] not in KINDS:
        raise BadRequest(f"kind must be one of {', '.join(KINDS)}, not {fields['kind']!r}")
    location = fields["location"]
    if not 1 <= len(location) <= MAX_LOCATION or not location.isprintable():
        raise BadRequest(f"location must be 1 to {MAX_LOCATION} printable characters")


def _new(address: Address, fields: Mapping[str, Any], now_ms: int) -> AssetDoc:
    return {
        "namespace": address.path,
        "name": address.name,
        "type": "asset",
        "kind": fields["kind"],
        "id": str(uuid4()),
        "location": fields["location"],
        "properties": dict(fields.get("properties") or {}),
        "created_at_ms": now_ms,
        "updated_at_ms": now_ms,
    }


def _to_json(doc: AssetDoc) -> Json:
    properties = dict(doc.get("properties") or {})
    if doc.get("metadata_location"):
        properties["metadata_location"] = doc["metadata_location"]
    plain = {key: doc[key] for key in ("id", "name", "kind", "location")}
    return plain | {"properties": properties}


def _row(doc: AssetDoc) -> Json:
    levels = doc["namespace"].split(SEPARATOR)
    return {
        "id": doc["id"],
        "name": doc["name"],
        "namespace": levels,
        "kind": doc["kind"],
        "identifier": {"namespace": levels, "name": doc["name"]},
    }


def _resource(address: Address) -> Resource:
    return Resource("asset", (address.prefix, *address.levels, address.name))
