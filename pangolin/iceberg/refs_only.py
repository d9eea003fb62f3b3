"""Metadata as `snapshots=refs` shows it (REST spec, loadTable)."""

from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.normalize import normalised


def only_refs(metadata: Json) -> Json:
    """The metadata with only the snapshots that a branch or tag names; the rest is unchanged."""
    named = {ref["snapshot-id"] for ref in normalised(metadata)["refs"].values()}
    snapshots = metadata.get("snapshots") or []
    kept = [snapshot for snapshot in snapshots if snapshot["snapshot-id"] in named]
    return metadata if len(kept) == len(snapshots) else {**metadata, "snapshots": kept}
