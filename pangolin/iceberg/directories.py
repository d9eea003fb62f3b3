"""The locations metadata claims, which a catalog must check before it hands out credentials."""

from collections.abc import Iterable

from pangolin.iceberg.json_shape import Json

_PROPERTIES = (
    "write.data.path",
    "write.metadata.path",
    "write.object-storage.path",
    "write.folder-storage.path",
)


def claimed(metadata: Json) -> list[tuple[str, str]]:
    """(name, location) of every location a table or view writes to.

    Names are `location` and `properties.<name>`. Each must be inside the storage location.
    """
    places = [("location", metadata["location"])] if metadata.get("location") else []
    properties = metadata.get("properties") or {}
    return places + [
        (f"properties.{name}", properties[name]) for name in _PROPERTIES if properties.get(name)
    ]


def manifest_lists(snapshots: Iterable[Json]) -> list[tuple[str, str]]:
    """(name, location) of the manifest lists and the inline manifests of snapshots."""
    places = []
    for snapshot in snapshots:
        name = f"snapshot {snapshot['snapshot-id']}"
        if snapshot.get("manifest-list"):
            places.append((f"{name} manifest-list", snapshot["manifest-list"]))
        places += [(f"{name} manifests", path) for path in snapshot.get("manifests") or ()]
    return places
