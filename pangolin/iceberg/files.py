"""Metadata files: their names, their codec, and the files metadata names (table spec)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pangolin.errors import ValidationFailed
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.properties import boolean_property

_CODEC = "write.metadata.compression-codec"
_DELETE_AFTER_COMMIT = "write.metadata.delete-after-commit.enabled"
_EXTENSIONS = {"none": ".metadata.json", "gzip": ".gz.metadata.json"}


def metadata_codec(properties: Mapping[str, str], default: str) -> str:
    """`none` or `gzip`; raises ValidationFailed for another `write.metadata.compression-codec`."""
    codec = properties.get(_CODEC, default).strip().lower()
    if codec not in _EXTENSIONS:
        raise ValidationFailed(f"{_CODEC} must be none or gzip, not {codec}")
    return codec


def next_metadata_location(
    metadata: Json, previous: str | None, uuid: str, *, default_codec: str = "none"
) -> str:
    """The location of a table's or view's next metadata file.

    `previous` is the current file (None for the first), whose leading number is incremented. A
    fresh `uuid` for each attempt keeps a failed attempt from overwriting anything.
    """
    properties = metadata.get("properties") or {}
    folder = properties.get("write.metadata.path") or f"{metadata['location']}/metadata"
    extension = _EXTENSIONS[metadata_codec(properties, default_codec)]
    return f"{folder.rstrip('/')}/{_next_number(previous):05d}-{uuid}{extension}"


def _next_number(previous: str | None) -> int:
    number, dash, _ = (previous or "").rpartition("/")[2].partition("-")
    readable = bool(dash) and number.isascii() and number.isdigit() and len(number) < 10
    return int(number) + 1 if readable else 0


def expired_metadata_files(base: Json, new: Json) -> list[str]:
    """The metadata files that dropped out of the log, if the new properties ask to delete them."""
    if not boolean_property(new.get("properties") or {}, _DELETE_AFTER_COMMIT, False):
        return []
    kept = {entry["metadata-file"] for entry in new.get("metadata-log") or ()}
    before = [entry["metadata-file"] for entry in base.get("metadata-log") or ()]
    return [file for file in before if file not in kept]


@dataclass(frozen=True, slots=True)
class ReferencedFiles:
    """The paths in a table's metadata itself, each once, in order of appearance.

    `manifests` are those that v1 snapshots name inline; all others are in the manifest lists.
    """

    manifest_lists: list[str]
    manifests: list[str]
    metadata_files: list[str]
    statistics: list[str]
    partition_statistics: list[str]


def referenced_files(metadata: Json) -> ReferencedFiles:
    """The files a table's metadata names directly."""
    snapshots = metadata.get("snapshots") or []
    lists = (s["manifest-list"] for s in snapshots if s.get("manifest-list"))
    inline = (path for s in snapshots for path in s.get("manifests") or ())
    return ReferencedFiles(
        manifest_lists=list(dict.fromkeys(lists)),
        manifests=list(dict.fromkeys(inline)),
        metadata_files=_named(metadata, "metadata-log", "metadata-file"),
        statistics=_named(metadata, "statistics", "statistics-path"),
        partition_statistics=_named(metadata, "partition-statistics", "statistics-path"),
    )


def _named(metadata: Json, member: str, name: str) -> list[str]:
    return list(dict.fromkeys(entry[name] for entry in metadata.get(member) or ()))
