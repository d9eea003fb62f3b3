"""Snapshots: parsing, and the updates that add and remove them."""

from pangolin.errors import BadRequest, CommitFailed, ValidationFailed
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder
from pangolin.iceberg.refs import drop_ref


def sequence_number(snapshot: Json) -> int:
    """A snapshot's sequence number; 0 when it has none, as in v1."""
    return snapshot.get("sequence-number") or 0


def parse_snapshot(value: object, where: str, version: int) -> Json:
    """A snapshot as JSON; unknown members are kept.

    Raises BadRequest naming the member that is wrong. A v1 snapshot may lack the summary, and may
    name its manifests instead of a manifest list.
    """
    snapshot = dict(json_shape.as_object(value, where))
    json_shape.long_integer(snapshot, "snapshot-id", where)
    _not_negative(
        snapshot, "timestamp-ms", where, json_shape.long_integer(snapshot, "timestamp-ms", where)
    )
    json_shape.optional_long(snapshot, "parent-snapshot-id", where)
    json_shape.optional_integer(snapshot, "schema-id", where)
    json_shape.optional_string(snapshot, "key-id", where)
    for name in ("sequence-number", "first-row-id", "added-rows"):
        _not_negative(snapshot, name, where, json_shape.optional_long(snapshot, name, where))
    _check_manifests(snapshot, where, version)
    _read_summary(snapshot, where, version)
    if not sequence_number(snapshot):
        snapshot.pop("sequence-number", None)
    return snapshot


def _not_negative(snapshot: Json, name: str, where: str, value: int | None) -> None:
    if value is not None and value < 0:
        raise BadRequest(f"{where}.{name} must not be negative")


def _check_manifests(snapshot: Json, where: str, version: int) -> None:
    if version == 1 and snapshot.get("manifest-list") is None:
        json_shape.strings(snapshot, "manifests", where)
    else:
        json_shape.string(snapshot, "manifest-list", where)


def _read_summary(snapshot: Json, where: str, version: int) -> None:
    if version == 1 and not snapshot.get("summary"):
        snapshot.pop("summary", None)
        return
    summary = json_shape.string_map(snapshot, "summary", where)
    # Readers refuse a summary without its operation; overwrite promises the least.
    snapshot["summary"] = {"operation": "overwrite", **summary}


def add_snapshot(builder: MetadataBuilder, update: Json, where: str) -> None:
    """add-snapshot: a stale sequence number or first row id is a CommitFailed, to be retried."""
    snapshot = parse_snapshot(update.get("snapshot"), f"{where}.snapshot", builder.version)
    _check_prepared(builder)
    snapshot_id = snapshot["snapshot-id"]
    if snapshot_id in builder.snapshot_ids:
        raise ValidationFailed(f"Snapshot already exists for id: {snapshot_id}")
    _take_sequence_number(builder, snapshot)
    if builder.version >= 3:
        _take_rows(builder, snapshot)
    builder.document["snapshots"].append(snapshot)
    builder.snapshot_ids.add(snapshot_id)
    builder.added_snapshots.add(snapshot_id)
    builder.changed = True


def _check_prepared(builder: MetadataBuilder) -> None:
    parts = {"schemas": "schema", "partition-specs": "partition spec", "sort-orders": "sort order"}
    for member, what in parts.items():
        if not builder.document[member]:
            raise ValidationFailed(f"Attempting to add a snapshot before a {what} is added")


def _take_sequence_number(builder: MetadataBuilder, snapshot: Json) -> None:
    number, last = sequence_number(snapshot), builder.document["last-sequence-number"]
    if builder.version == 1:
        if number:
            raise ValidationFailed(f"Sequence number must be 0 in v1: {number}")
    elif number <= last and snapshot.get("parent-snapshot-id") is not None:
        raise CommitFailed(
            "Validation failed, please retry: Cannot add snapshot with sequence number "
            f"{number} older than last sequence number {last}"
        )
    builder.document["last-sequence-number"] = max(number, last)


def _take_rows(builder: MetadataBuilder, snapshot: Json) -> None:
    first, added = snapshot.get("first-row-id"), snapshot.get("added-rows")
    following = builder.document.get("next-row-id") or 0
    if first is None:
        raise ValidationFailed("Cannot add a snapshot: first-row-id is null")
    if added is None:
        message = "Invalid added-rows (required when first-row-id is set): null"
        raise ValidationFailed(message)
    if first < following:
        raise CommitFailed(
            "Validation failed, please retry: Cannot add a snapshot, first-row-id is behind "
            f"table next-row-id: {first} < {following}"
        )
    builder.document["next-row-id"] = following + added


def remove_snapshots(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-snapshots: also removes their statistics and refs; unknown ids are ignored."""
    removed = builder.snapshot_ids & set(json_shape.integers(update, "snapshot-ids", where))
    if not removed:
        return
    for member in ("snapshots", "statistics", "partition-statistics"):
        kept = [entry for entry in builder.document[member] if entry["snapshot-id"] not in removed]
        builder.put(member, kept)
    builder.snapshot_ids -= removed
    builder.removed_snapshots = True
    for name, ref in list(builder.document["refs"].items()):
        if ref["snapshot-id"] not in builder.snapshot_ids:
            drop_ref(builder, name)
