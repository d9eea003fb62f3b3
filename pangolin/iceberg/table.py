"""Applying a commit's updates to table metadata (REST spec, CommitTableRequest)."""

from collections.abc import Callable
from typing import Any

from pangolin.errors import BadRequest
from pangolin.iceberg import (
    encryption,
    evolution,
    identity,
    invariants,
    json_shape,
    partitions,
    refs,
    snapshots,
    sorting,
    statistics,
)
from pangolin.iceberg.history import metadata_log, snapshot_log
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder, draft_of, empty_draft
from pangolin.iceberg.normalize import spell_current_snapshot

_DEFAULT_VERSION = 2
_UPGRADE = "upgrade-format-version"

_UPDATES: dict[str, Callable[[MetadataBuilder, Json, str], None]] = {
    "assign-uuid": identity.assign_uuid,
    _UPGRADE: identity.upgrade,
    "set-location": identity.set_location,
    "set-properties": identity.set_properties,
    "remove-properties": identity.remove_properties,
    "add-schema": evolution.add_schema,
    "set-current-schema": evolution.set_current_schema,
    "remove-schemas": evolution.remove_schemas,
    "add-spec": partitions.add_spec,
    "set-default-spec": partitions.set_default_spec,
    "remove-partition-specs": partitions.remove_specs,
    "add-sort-order": sorting.add_order,
    "set-default-sort-order": sorting.set_default_order,
    "add-snapshot": snapshots.add_snapshot,
    "remove-snapshots": snapshots.remove_snapshots,
    "set-snapshot-ref": refs.set_ref,
    "remove-snapshot-ref": refs.remove_ref,
    "set-statistics": statistics.set_statistics,
    "remove-statistics": statistics.remove_statistics,
    "set-partition-statistics": statistics.set_partition_statistics,
    "remove-partition-statistics": statistics.remove_partition_statistics,
    "add-encryption-key": encryption.add_key,
    "remove-encryption-key": encryption.remove_key,
}
_VIEW_ONLY = ("add-view-version", "set-current-view-version")


def apply_updates(
    base: Json | None,
    updates: list[Json],
    *,
    now_ms: int,
    metadata_location: str | None,
    uuid: str,
) -> Json:
    """The metadata after `updates`, in order; `base` itself if they change nothing.

    `base` None builds a new table; `uuid` is the table's if no update assigns one.
    `metadata_location` is the file of `base`, which is added to the metadata log. `base` is never
    changed, and shares unchanged parts with the result. Raises BadRequest for malformed
    updates, ValidationFailed for those that break a rule, and CommitFailed for a snapshot whose
    sequence number or first row id is stale, which the client can retry.
    """
    steps = _steps(updates)
    builder = (
        empty_draft(_initial_version(steps), now_ms) if base is None else draft_of(base, now_ms)
    )
    for where, action, update in steps:
        _UPDATES[action](builder, update, where)
    if base is not None and not builder.changed:
        return base
    return build(builder, metadata_location, uuid)


def _steps(updates: Any) -> list[tuple[str, str, Json]]:
    json_shape.check_depth(updates, "updates")
    return [
        (where, _action(update, where), update)
        for where, update in json_shape.as_objects(updates, "updates")
    ]


def _action(update: Json, where: str) -> str:
    action = json_shape.string(update, "action", where).lower()
    if action in _VIEW_ONLY:
        raise BadRequest(f"{where}.action cannot be applied to a table: {action}")
    if action not in _UPDATES:
        raise BadRequest(f"{where}.action is not a known table update: {action[:200]}")
    return action


def _initial_version(steps: list[tuple[str, str, Json]]) -> int:
    for where, action, update in steps:
        if action == _UPGRADE:
            version = json_shape.integer(update, "format-version", where)
            return check_version(version, json_shape.path(where, "format-version"))
    return _DEFAULT_VERSION


def check_version(version: int, where: str) -> int:
    """`version`, which must be one a new table can have."""
    newest = identity.SUPPORTED_VERSION
    if not 1 <= version <= newest:
        message = f"Unsupported format version: v{version} (supported: v{newest})"
        raise BadRequest(f"{message}; {where} must be from 1 to {newest}")
    return version


def build(builder: MetadataBuilder, metadata_location: str | None, uuid: str) -> Json:
    """The document of a draft: logs brought up to date, invariants checked, members spelled."""
    document = builder.document
    document["last-updated-ms"] = builder.now_ms
    document["table-uuid"] = document.get("table-uuid") or uuid
    if builder.touched_layout:
        invariants.check_layout(document)
    document["metadata-log"] = metadata_log(builder, metadata_location)
    document["snapshot-log"] = snapshot_log(builder)
    invariants.check(document)
    return spelled(document)


def spelled(document: Json) -> Json:
    """Metadata in normal form as its format version writes it (table spec, Table Metadata)."""
    version = document["format-version"]
    written = dict(document)
    if version == 1:
        _spell_for_v1_readers(written)
    else:
        written.pop("schema", None)
        written.pop("partition-spec", None)
    if version >= 3:
        written["next-row-id"] = written.get("next-row-id") or 0
    current = spell_current_snapshot(version, document["current-snapshot-id"])
    written["current-snapshot-id"] = current
    if not written["encryption-keys"]:
        del written["encryption-keys"]
    return written


def _spell_for_v1_readers(written: Json) -> None:
    current, default = written["current-schema-id"], written["default-spec-id"]
    known = {schema.get("schema-id", 0): schema for schema in written["schemas"]}
    specs = {spec["spec-id"]: spec for spec in written["partition-specs"]}
    written.pop("last-sequence-number")
    written["schema"] = known[current]
    written["partition-spec"] = specs[default]["fields"]
