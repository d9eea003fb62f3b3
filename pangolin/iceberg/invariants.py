"""What must hold of any table metadata (table spec; checked on read and build)."""

from collections.abc import Callable
from itertools import pairwise

from pangolin.errors import ValidationFailed
from pangolin.iceberg import partitions, schemas, sorting
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.snapshots import sequence_number

# Commits come from different machines: small clock skew must not make them fail.
_SKEW_MS = 60_000


def check(document: Json) -> None:
    """Raise ValidationFailed naming the first rule that metadata in normal form breaks."""
    for rule in _RULES:
        rule(document)


def check_layout(document: Json) -> None:
    """Raise ValidationFailed unless the default spec and order fit the current schema."""
    schema = schemas.by_id(document["schemas"], document["current-schema-id"])
    spec = default_spec(document)
    order = _by_id(document["sort-orders"], "order-id", document["default-sort-order-id"])
    if schema is None:
        raise ValidationFailed(f"current-schema-id is unknown: {document['current-schema-id']}")
    if spec is None:
        raise ValidationFailed(f"default-spec-id is unknown: {document['default-spec-id']}")
    if order is None:
        default = document["default-sort-order-id"]
        raise ValidationFailed(f"default-sort-order-id is unknown: {default}")
    if spec["fields"] or order["fields"]:
        columns = schemas.index(schema)
        partitions.check_sources(spec, columns)
        sorting.check_sources(order, columns)


def default_spec(document: Json) -> Json | None:
    """The default partition spec, or None when its id is unknown."""
    return _by_id(document["partition-specs"], "spec-id", document["default-spec-id"])


def _by_id(items: list[Json], name: str, wanted: int) -> Json | None:
    return next((item for item in items if item.get(name) == wanted), None)


def _layout_exists(document: Json) -> None:
    parts = {
        "schemas": "Schemas",
        "partition-specs": "Partition specs",
        "sort-orders": "Sort orders",
    }
    for member, what in parts.items():
        if not document[member]:
            raise ValidationFailed(f"{what} cannot be null or empty")


def _identity_is_set(document: Json) -> None:
    version = document["format-version"]
    if version > 1 and not document.get("table-uuid"):
        raise ValidationFailed(f"UUID is required in format v{version}")
    if not document.get("location"):
        raise ValidationFailed(f"Table location is required in format v{version}")


def _sequence_numbers_fit(document: Json) -> None:
    last = document["last-sequence-number"]
    if document["format-version"] == 1 and last:
        raise ValidationFailed(f"Sequence number must be 0 in v1: {last}")
    highest = max(map(sequence_number, document["snapshots"]), default=0)
    if highest > last:
        message = f"sequence number {highest} greater than last sequence number {last}"
        raise ValidationFailed(f"Invalid snapshot with {message}")


def _refs_exist(document: Json) -> None:
    known = {snapshot["snapshot-id"] for snapshot in document["snapshots"]}
    current, main = document["current-snapshot-id"], document["refs"].get("main")
    for name, ref in document["refs"].items():
        if ref["snapshot-id"] not in known:
            message = f"{name} ({ref['snapshot-id']}) does not exist in the existing snapshots list"
            raise ValidationFailed(f"Snapshot for reference {message}")
    if current is None and main is not None:
        raise ValidationFailed("Current snapshot is not set, but main branch exists")
    if current is not None and (main is None or main["snapshot-id"] != current):
        found = None if main is None else main["snapshot-id"]
        message = f"does not match main branch ({current} != {found})"
        raise ValidationFailed(f"Current snapshot ID {message}")


def _logs_ascend(document: Json) -> None:
    for member, what in (("snapshot-log", "snapshot"), ("metadata-log", "metadata")):
        times = [entry["timestamp-ms"] for entry in document[member]]
        if any(later < earlier - _SKEW_MS for earlier, later in pairwise(times)):
            raise ValidationFailed(f"Expected sorted {what} log entries")
        updated = document["last-updated-ms"]
        if times and updated < times[-1] - _SKEW_MS:
            message = f"{updated}: before the latest {what} log entry at {times[-1]}"
            raise ValidationFailed(f"Invalid update timestamp {message}")


_RULES: tuple[Callable[[Json], None], ...] = (
    _layout_exists,
    _identity_is_set,
    _sequence_numbers_fit,
    _refs_exist,
    _logs_ascend,
)
