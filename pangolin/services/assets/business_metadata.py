"""Business metadata of assets: a description, properties, tags, and whether all may find it.

A note belongs to an asset's id, so it applies on every ref. Tags are input to authorization, so
they and `discoverable` require `manage-discovery` wherever the asset is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

import orjson

from pangolin.errors import BadRequest, NotFound
from pangolin.services.assets import occurrences
from pangolin.services.assets.occurrences import AssetOccurrence
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authn import security_stamps
from pangolin.services.authz import rights_loader
from pangolin.services.authz.access import is_admin
from pangolin.services.authz.actions import Action
from pangolin.services.changes import batch
from pangolin.services.changes.attempts import write
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.context.times import rfc3339
from pangolin.services.grants.scopes import check_tag
from pangolin.services.versioned import entries
from pangolin.store.api import ABSENT, ANY, Change, Delete, Put, Record
from pangolin.store.documents import AssetNoteDoc, AssetTagDoc, NoteFields
from pangolin.store.kinds import ASSET_NOTE, ASSET_TAG

DISCOVERY: Final = "manage-discovery"
MOST_TAGS: Final = 50
MOST_DESCRIPTION: Final = 10_000
MOST_PROPERTIES: Final = 65_536
EMPTY: Final[NoteFields] = {
    "description": None,
    "tags": [],
    "properties": "{}",
    "discoverable": False,
}


def read(ctx: Context, asset: str) -> Json:
    """Read an asset's note; raise `NoSuchAsset`, or `NotFound` if nothing was written."""
    occurrences.readable(ctx, asset)
    record = ctx.store.get(ASSET_NOTE, (asset,))
    if record is None:
        raise NotFound(f"Metadata does not exist for asset {asset}")
    return to_json(record.doc)


def of(ctx: Context, asset: str) -> Json | None:
    """Return the note of an asset that the caller may read, or None."""
    record = ctx.store.get(ASSET_NOTE, (asset,))
    return None if record is None else to_json(record.doc)


def replace(ctx: Context, asset: str, fields: Mapping[str, Any]) -> Json:
    """Replace an asset's note by `description`, `tags`, `properties` and `discoverable`.

    Raises `NoSuchAsset`, `Denied` and `BadRequest` naming a field.
    """
    occurrence, given = occurrences.readable(ctx, asset), _checked(fields)

    def attempt() -> Json:
        record = ctx.store.get(ASSET_NOTE, (asset,))
        before: NoteFields = record.doc if record else EMPTY
        _require(ctx, occurrence, before, given)
        doc = _written(ctx, asset, record, given)
        put = Put(ASSET_NOTE, doc, record.version if record else ABSENT)
        changes = [put, *_retagged(ctx, asset, before["tags"], doc["tags"])]
        action = AuditAction.UPDATE_METADATA if record else AuditAction.ADD_METADATA
        details = {"tags": doc["tags"]} if doc["tags"] != before["tags"] else None
        event = AuditEvent(
            action,
            occurrence.resource,
            before=record.doc if record else None,
            after=doc,
            details=details,
        )
        batch.apply(ctx, changes, event)
        return to_json(doc)

    return write(ctx, "write", attempt, lambda _: read(ctx, asset))


def remove(ctx: Context, asset: str) -> None:
    """Remove an asset's note with its tags; raise `NoSuchAsset`, `NotFound` and `Denied`."""
    occurrence = occurrences.readable(ctx, asset)

    def attempt() -> None:
        record = ctx.store.get(ASSET_NOTE, (asset,))
        if record is None:
            raise NotFound(f"Metadata does not exist for asset {asset}")
        _require(ctx, occurrence, record.doc, EMPTY)
        gone = Delete(ASSET_NOTE, (asset,), record.version)
        changes = [gone, *_retagged(ctx, asset, record.doc["tags"], [])]
        batch.apply(
            ctx,
            changes,
            AuditEvent(AuditAction.DELETE_METADATA, occurrence.resource, before=record.doc),
        )

    write(ctx, "remove", attempt)


def collect(ctx: Context, *, dry_run: bool = False) -> int:
    """Remove the notes of permanently deleted assets; return how many."""
    removed = 0
    for record in list(ctx.store.scan(ASSET_NOTE)):
        asset = record.doc["asset"]
        if next(entries.rows_of(ctx, [asset]), None) is not None:
            continue
        removed += 1
        if not dry_run:
            gone = [Delete(ASSET_TAG, (tag, asset)) for tag in record.doc["tags"]]
            ctx.store.apply(Delete(ASSET_NOTE, (asset,), record.version), *gone)
    return removed


def to_json(doc: AssetNoteDoc) -> Json:
    """Return a note as JSON."""
    return {
        "id": doc["id"],
        "description": doc["description"],
        "tags": doc["tags"],
        "discoverable": doc["discoverable"],
        "asset_id": doc["asset"],
        "properties": orjson.loads(doc["properties"]),
        "created_by": doc["created_by"],
        "created_at": rfc3339(doc["created_at_ms"]),
        "updated_by": doc["updated_by"],
        "updated_at": rfc3339(doc["updated_at_ms"]),
    }


def _checked(fields: Mapping[str, Any]) -> NoteFields:
    tags = [check_tag(tag, "tags") for tag in dict.fromkeys(fields["tags"])]
    if len(tags) > MOST_TAGS:
        raise BadRequest(f"tags must be at most {MOST_TAGS}, not {len(tags)}")
    if len(fields.get("description") or "") > MOST_DESCRIPTION:
        raise BadRequest(f"description must have at most {MOST_DESCRIPTION} characters")
    # Kept as text: not every store can hold every JSON document.
    properties = orjson.dumps(fields["properties"], option=orjson.OPT_SORT_KEYS)
    if len(properties) > MOST_PROPERTIES:
        raise BadRequest(f"properties must be at most {MOST_PROPERTIES} bytes of JSON")
    return {
        "description": fields.get("description"),
        "tags": tags,
        "properties": properties.decode(),
        "discoverable": fields["discoverable"],
    }


def _require(
    ctx: Context, occurrence: AssetOccurrence, before: NoteFields, after: NoteFields
) -> None:
    """Raise `Denied` unless the principal may make a change wherever the asset is."""
    governed = set(before["tags"]) != set(after["tags"])
    governed = governed or before["discoverable"] != after["discoverable"]
    plain = before["description"] != after["description"]
    plain = plain or before["properties"] != after["properties"]
    needed: list[Action] = [DISCOVERY] if governed else []
    if plain or not governed:
        needed.append("update")
    occurrences.require_everywhere(ctx, needed, occurrence)
    _refuse_raising(ctx, occurrence, set(after["tags"]) - set(before["tags"]))


def _refuse_raising(ctx: Context, occurrence: AssetOccurrence, tags: Iterable[str]) -> None:
    """Raise `Denied` for a tag through which the principal would gain rights it lacks."""
    held = None if is_admin(ctx) else rights_loader.of(ctx)
    granted = [each for tag in tags for each in held.tags.get(tag, ())] if held else []
    gained = {action for each in granted for action in each.actions}
    if gained:
        occurrences.require_everywhere(ctx, gained, occurrence)


def _written(
    ctx: Context, asset: str, record: Record[AssetNoteDoc] | None, given: NoteFields
) -> AssetNoteDoc:
    who, now, old = ctx.principal.id, ctx.now(), record.doc if record else None
    return {
        "id": old["id"] if old else str(uuid4()),
        "asset": asset,
        "created_by": old["created_by"] if old else who,
        "created_at_ms": old["created_at_ms"] if old else now,
        "description": given["description"],
        "tags": given["tags"],
        "properties": given["properties"],
        "discoverable": given["discoverable"],
        "updated_by": who,
        "updated_at_ms": now,
    }


def _retagged(ctx: Context, asset: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    before, after = set(old), set(new)
    for tag in sorted(after - before):
        doc: AssetTagDoc = {"tag": tag, "asset": asset}
        yield Put(ASSET_TAG, doc, ANY)
    for tag in sorted(before - after):
        yield Delete(ASSET_TAG, (tag, asset))
    if before != after:
        yield from security_stamps.invalidate_all(ctx.tenant)
