"""Statistics and partition statistics files: one of each per snapshot."""

from pangolin.errors import BadRequest
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder


def parse_statistics(value: object, where: str) -> Json:
    """A statistics file as JSON (table spec, Table Statistics)."""
    doc = _parse_file(value, where)
    _size(doc, "file-footer-size-in-bytes", where)
    for place, blob in json_shape.objects(doc, "blob-metadata", where):
        json_shape.string(blob, "type", place)
        json_shape.long_integer(blob, "snapshot-id", place)
        json_shape.long_integer(blob, "sequence-number", place)
        json_shape.integers(blob, "fields", place)
        if blob.get("properties") is not None:
            json_shape.string_map(blob, "properties", place)
    return doc


def parse_partition_statistics(value: object, where: str) -> Json:
    """A partition statistics file as JSON (table spec, Partition Statistics)."""
    return _parse_file(value, where)


def _parse_file(value: object, where: str) -> Json:
    doc = json_shape.as_object(value, where)
    json_shape.long_integer(doc, "snapshot-id", where)
    json_shape.string(doc, "statistics-path", where)
    _size(doc, "file-size-in-bytes", where)
    return doc


def _size(doc: Json, name: str, where: str) -> None:
    if json_shape.long_integer(doc, name, where) < 0:
        raise BadRequest(f"{where}.{name} must not be negative")


def set_statistics(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-statistics: replace the snapshot's file."""
    doc = parse_statistics(update.get("statistics"), f"{where}.statistics")
    _replace(builder, "statistics", doc)


def set_partition_statistics(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-partition-statistics: replace the snapshot's file."""
    member = "partition-statistics"
    _replace(builder, member, parse_partition_statistics(update.get(member), f"{where}.{member}"))


def _replace(builder: MetadataBuilder, member: str, doc: Json) -> None:
    builder.put(member, [*_without(builder, member, doc["snapshot-id"]), doc])


def _without(builder: MetadataBuilder, member: str, snapshot_id: int) -> list[Json]:
    return [doc for doc in builder.document[member] if doc["snapshot-id"] != snapshot_id]


def remove_statistics(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-statistics: nothing happens when the snapshot has none."""
    _remove(builder, "statistics", json_shape.long_integer(update, "snapshot-id", where))


def remove_partition_statistics(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-partition-statistics: nothing happens when the snapshot has none."""
    _remove(builder, "partition-statistics", json_shape.long_integer(update, "snapshot-id", where))


def _remove(builder: MetadataBuilder, member: str, snapshot_id: int) -> None:
    kept = _without(builder, member, snapshot_id)
    if len(kept) != len(builder.document[member]):
        builder.put(member, kept)
