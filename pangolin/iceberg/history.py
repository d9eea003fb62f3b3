"""The two logs of a table: which snapshot was current when, and the earlier metadata files."""

from collections.abc import Container

from pangolin.errors import ValidationFailed
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder
from pangolin.iceberg.properties import integer_property

_PREVIOUS_VERSIONS = "write.metadata.previous-versions-max"


def snapshot_log(builder: MetadataBuilder) -> list[Json]:
    """The snapshot log as the commit leaves it.

    Snapshots that were current only within this commit are left out. A removed snapshot takes all
    earlier entries with it: a gap would make time travel answer with the wrong snapshot.
    """
    log: list[Json] = builder.document["snapshot-log"]
    current = builder.document["current-snapshot-id"]
    passing = builder.set_on_main - {current}
    if not passing and not builder.removed_snapshots:
        return log
    kept: list[Json] = []
    for entry in log:
        if entry["snapshot-id"] not in builder.snapshot_ids:
            kept = [] if builder.removed_snapshots else kept
        elif entry["snapshot-id"] not in passing:
            kept.append(entry)
    if current is not None and kept and kept[-1]["snapshot-id"] != current:
        message = "latest entry is not the current snapshot"
        raise ValidationFailed(f"Cannot set invalid snapshot log: {message}")
    return kept


def metadata_log(builder: MetadataBuilder, metadata_location: str | None) -> list[Json]:
    """The metadata log with the base's file appended and the oldest entries dropped.

    The new properties say how many remain (`write.metadata.previous-versions-max`, default 100).
    """
    log: list[Json] = builder.document["metadata-log"]
    if builder.base is None or metadata_location is None:
        return log
    most = max(1, integer_property(builder.document["properties"], _PREVIOUS_VERSIONS, 100))
    kept = log[len(log) - most + 1 :] if len(log) >= most else log
    time = builder.base["last-updated-ms"]
    return [*kept, {"timestamp-ms": time, "metadata-file": metadata_location}]


def spare(base: Json, new: Json, pointed: Container[str]) -> Json:
    """Return `new` with a log that adds none of the files `pointed` to, and drops none of them.

    Clients delete files that leave the log. An entry that was added anyway stays as the oldest.
    """
    before, after = base.get("metadata-log") or [], new.get("metadata-log") or []
    old, left = _files(before), _files(after)
    kept = [entry for entry in before if _is_named(entry, pointed) and not _is_named(entry, left)]
    log = [entry for entry in after if _is_named(entry, old) or not _is_named(entry, pointed)]
    return new if log == after and not kept else new | {"metadata-log": [*kept, *log]}


def _files(log: list[Json]) -> set[str]:
    return {entry["metadata-file"] for entry in log}


def _is_named(entry: Json, files: Container[str]) -> bool:
    return entry["metadata-file"] in files
