"""Branches and tags of a table: the updates that set and remove them."""

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder

MAIN = "main"
_RETENTION = {
    "min-snapshots-to-keep": "Min snapshots to keep must be greater than 0",
    "max-snapshot-age-ms": "Max snapshot age must be greater than 0 ms",
    "max-ref-age-ms": "Max reference age must be greater than 0",
}
_BRANCH_ONLY = ("min-snapshots-to-keep", "max-snapshot-age-ms")


def parse_ref(doc: Json, where: str) -> Json:
    """A ref as JSON: the members of the spec that are set, and unknown ones."""
    ref = {name: value for name, value in doc.items() if value is not None}
    json_shape.long_integer(ref, "snapshot-id", where)
    ref["type"] = json_shape.string(ref, "type", where).lower()
    if ref["type"] not in ("branch", "tag"):
        raise BadRequest(f"{where}.type must be branch or tag")
    for name, message in _RETENTION.items():
        if name in ref and json_shape.long_integer(ref, name, where) <= 0:
            raise ValidationFailed(message)
        if name in ref and name in _BRANCH_ONLY and ref["type"] == "tag":
            raise ValidationFailed(f"Tags do not support setting {name}")
    return ref


def _equal(one: Json, other: Json) -> bool:
    return all(one.get(name) == other.get(name) for name in ("snapshot-id", "type", *_RETENTION))


def set_ref(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-snapshot-ref: moving main makes the snapshot current and is logged."""
    name = json_shape.string(update, "ref-name", where)
    members = {key: value for key, value in update.items() if key not in ("action", "ref-name")}
    ref = parse_ref(members, where)
    snapshot_id = ref["snapshot-id"]
    if _equal(builder.document["refs"].get(name) or {}, ref):
        return
    if snapshot_id not in builder.snapshot_ids:
        raise ValidationFailed(f"Cannot set {name} to unknown snapshot: {snapshot_id}")
    if name == MAIN:
        if ref["type"] != "branch":
            raise ValidationFailed("Cannot set main to a tag, it must be a branch")
        _make_current(builder, snapshot_id)
    builder.document["refs"][name] = ref
    builder.changed = True


def _make_current(builder: MetadataBuilder, snapshot_id: int) -> None:
    builder.document["current-snapshot-id"] = snapshot_id
    time = builder.now_ms
    if snapshot_id in builder.added_snapshots:
        builder.set_on_main.add(snapshot_id)
        time = next(
            snapshot["timestamp-ms"]
            for snapshot in reversed(builder.document["snapshots"])
            if snapshot["snapshot-id"] == snapshot_id
        )
    entry = {"timestamp-ms": time, "snapshot-id": snapshot_id}
    builder.document["snapshot-log"].append(entry)


def remove_ref(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-snapshot-ref: without main there is no current snapshot; the log stays."""
    drop_ref(builder, json_shape.string(update, "ref-name", where))


def drop_ref(builder: MetadataBuilder, name: str) -> None:
    """Remove one ref; nothing happens if there is none of this name."""
    if builder.document["refs"].pop(name, None) is None:
        return
    if name == MAIN:
        builder.document["current-snapshot-id"] = None
    builder.changed = True
