"""What people write about assets: a description, properties, tags, and whether all may find it.

A note belongs to an asset's id, so it holds on every ref. Tags are input to authorization, so they
and `discoverable` are set only by those who may manage discovery wherever the asset lies.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

import orjson

from pangolin.errors import BadRequest, NotFound
from pangolin.services.assets import occurrences
from pangolin.services.assets.occurrences import Sighting
from pangolin.services.authn import security_stamps
from pangolin.services.authz import rights_loader
from pangolin.services.authz.access import is_admin
from pangolin.services.changes import batch
from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import until_settled
from pangolin.services.context.scope import Scope
from pangolin.services.context.times import rfc3339
from pangolin.services.grants.scopes import check_tag
from pangolin.services.versioned import entries
from pangolin.store.api import ABSENT, ANY, Change, Delete, Doc, Put, Record
from pangolin.store.kinds import ASSET_NOTE, ASSET_TAG

Wire = dict[str, Any]
DISCOVERY: Final = "manage-discovery"
MOST_TAGS: Final = 50
MOST_DESCRIPTION: Final = 10_000
MOST_PROPERTIES: Final = 65_536
EMPTY: Final[Doc] = {"description": None, "tags": [], "properties": "{}", "discoverable": False}


def read(scope: Scope, asset: str) -> Wire:
    """Read an asset's note; raise `NoSuchAsset`, or `NotFound` if nothing was written."""
    occurrences.readable(scope, asset)
    record = scope.store.get(ASSET_NOTE, (asset,))
    if record is None:
        raise NotFound(f"Metadata does not exist for asset {asset}")
    return wire(record.doc)


def of(scope: Scope, asset: str) -> Wire | None:
    """Show the note of an asset that may be read, if there is one."""
    record = scope.store.get(ASSET_NOTE, (asset,))
    return None if record is None else wire(record.doc)


def write(scope: Scope, asset: str, fields: Mapping[str, Any]) -> Wire:
    """Replace an asset's note by `description`, `tags`, `properties` and `discoverable`.

    Raises `NoSuchAsset`, `Denied` and `BadRequest` naming a field.
    """
    sighting, given = occurrences.readable(scope, asset), _checked(fields)

    def attempt() -> Wire:
        record = scope.store.get(ASSET_NOTE, (asset,))
        before = record.doc if record else EMPTY
        _require(scope, sighting, before, given)
        doc = _written(scope, asset, record, given)
        put = Put(ASSET_NOTE, doc, record.version if record else ABSENT)
        changes = [put, *_retagged(scope, asset, before["tags"], doc["tags"])]
        action = "update_metadata" if record else "add_metadata"
        told: Doc = {"before": record.doc if record else None, "after": doc}
        told["details"] = {"tags": doc["tags"]} if doc["tags"] != before["tags"] else None
        batch.commit(scope, action, sighting.resource, changes, **told)
        return wire(doc)

    again = until_settled
    return once(scope, lambda: again(scope, attempt, "write"), lambda _: read(scope, asset))


def remove(scope: Scope, asset: str) -> None:
    """Remove an asset's note with its tags; raise `NoSuchAsset`, `NotFound` and `Denied`."""
    sighting = occurrences.readable(scope, asset)

    def attempt() -> None:
        record = scope.store.get(ASSET_NOTE, (asset,))
        if record is None:
            raise NotFound(f"Metadata does not exist for asset {asset}")
        _require(scope, sighting, record.doc, EMPTY)
        gone = Delete(ASSET_NOTE, (asset,), record.version)
        changes = [gone, *_retagged(scope, asset, record.doc["tags"], [])]
        batch.commit(scope, "delete_metadata", sighting.resource, changes, before=record.doc)

    once(scope, lambda: until_settled(scope, attempt, "remove"), lambda _: None)


def collect(scope: Scope, *, dry_run: bool = False) -> int:
    """Remove the notes of assets that are gone for good; return how many."""
    removed = 0
    for record in list(scope.store.scan(ASSET_NOTE)):
        asset = record.doc["asset"]
        if next(entries.rows_of(scope, [asset]), None) is not None:
            continue
        removed += 1
        if not dry_run:
            gone = [Delete(ASSET_TAG, (tag, asset)) for tag in record.doc["tags"]]
            scope.store.apply(Delete(ASSET_NOTE, (asset,), record.version), *gone)
    return removed


def wire(doc: Doc) -> Wire:
    """Show a note."""
    shown = {key: doc[key] for key in ("id", "description", "tags", "discoverable")}
    return {
        **shown,
        "asset_id": doc["asset"],
        "properties": orjson.loads(doc["properties"]),
        "created_by": doc["created_by"],
        "created_at": rfc3339(doc["created_at_ms"]),
        "updated_by": doc["updated_by"],
        "updated_at": rfc3339(doc["updated_at_ms"]),
    }


def _checked(fields: Mapping[str, Any]) -> Doc:
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


def _require(scope: Scope, sighting: Sighting, before: Doc, after: Doc) -> None:
    """Raise `Denied` unless the principal may make a change, wherever the asset lies."""
    governed = set(before["tags"]) != set(after["tags"])
    governed = governed or before["discoverable"] != after["discoverable"]
    plain = any(before[name] != after[name] for name in ("description", "properties"))
    needed = {DISCOVERY} if governed else set()
    occurrences.require_everywhere(
        scope, needed | {"update"} if plain or not governed else needed, sighting
    )
    _refuse_raising(scope, sighting, set(after["tags"]) - set(before["tags"]))


def _refuse_raising(scope: Scope, sighting: Sighting, tags: Iterable[str]) -> None:
    """Raise `Denied` for a tag through which the principal would gain what it does not have."""
    held = None if is_admin(scope) else rights_loader.of(scope)
    granted = [each for tag in tags for each in held.tags.get(tag, ())] if held else []
    gained = {action for each in granted for action in each.actions}
    if gained:
        occurrences.require_everywhere(scope, gained, sighting)


def _written(scope: Scope, asset: str, record: Record | None, given: Doc) -> Doc:
    who, now = scope.principal.id, scope.now()
    first = {"id": str(uuid4()), "asset": asset, "created_by": who, "created_at_ms": now}
    kept = {name: record.doc[name] for name in first} if record else first
    return {**kept, **given, "updated_by": who, "updated_at_ms": now}


def _retagged(scope: Scope, asset: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    before, after = set(old), set(new)
    for tag in sorted(after - before):
        yield Put(ASSET_TAG, {"tag": tag, "asset": asset}, ANY)
    for tag in sorted(before - after):
        yield Delete(ASSET_TAG, (tag, asset))
    if before != after:
        yield from security_stamps.raise_all(scope.tenant)
