"""A table's metadata while a commit's updates are applied to it."""

from dataclasses import dataclass, field
from typing import Any

from pangolin.errors import ValidationFailed
from pangolin.iceberg import schemas
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.normalize import normalised
from pangolin.iceberg.schemas import Columns

# These are copied one level deep when a draft starts, so that updates can change them in place;
# what they hold is shared with the base and is only replaced.
_COPIED = (
    "schemas",
    "partition-specs",
    "sort-orders",
    "properties",
    "refs",
    "snapshots",
    "statistics",
    "partition-statistics",
    "snapshot-log",
    "metadata-log",
    "encryption-keys",
)
FIRST_PARTITION_ID = 1000


@dataclass(slots=True)
class MetadataBuilder:
    """The document being changed and what the updates of this commit have done so far.

    `added_*` is the id the last add resolved to, which -1 stands for. `set_on_main` lists the
    snapshots of this commit that were current at some point.
    """

    document: Json
    base: Json | None
    now_ms: int
    changed: bool = False
    added_schema: int | None = None
    added_spec: int | None = None
    added_order: int | None = None
    added_snapshots: set[int] = field(default_factory=set)
    set_on_main: set[int] = field(default_factory=set)
    removed_snapshots: bool = False
    snapshot_ids: set[int] = field(default_factory=set)
    touched_layout: bool = False

    @property
    def version(self) -> int:
        """The format version as upgraded so far."""
        version: int = self.document["format-version"]
        return version

    def put(self, name: str, value: Any) -> None:
        """Set one member of the document."""
        self.document[name] = value
        self.changed = True

    def columns(self) -> Columns:
        """The current schema's columns; raises ValidationFailed when no schema is set yet."""
        current = schemas.by_id(self.document["schemas"], self.document["current-schema-id"])
        if current is None:
            raise ValidationFailed("Cannot bind to the current schema: no schema has been set")
        return schemas.index(current)


def draft_of(base: Json, now_ms: int) -> MetadataBuilder:
    """A draft that starts from existing metadata, which stays as it is."""
    document = normalised(base)
    document.update((name, document[name].copy()) for name in _COPIED)
    known = {snapshot["snapshot-id"] for snapshot in document["snapshots"]}
    return MetadataBuilder(document, base, now_ms, snapshot_ids=known)


def empty_draft(version: int, now_ms: int) -> MetadataBuilder:
    """A draft of a table that does not exist yet; ids start where the table spec says."""
    document: Json = {
        "format-version": version,
        "table-uuid": None,
        "location": None,
        "last-sequence-number": 0,
        "last-updated-ms": now_ms,
        "last-column-id": 0,
        "current-schema-id": 0,
        "schemas": [],
        "default-spec-id": 0,
        "partition-specs": [],
        "last-partition-id": FIRST_PARTITION_ID - 1,
        "default-sort-order-id": 0,
        "sort-orders": [],
        "properties": {},
        "current-snapshot-id": None,
        "encryption-keys": [],
        "refs": {},
        "snapshots": [],
        "statistics": [],
        "partition-statistics": [],
        "snapshot-log": [],
        "metadata-log": [],
    }
    return MetadataBuilder(document, None, now_ms, changed=True, touched_layout=True)
