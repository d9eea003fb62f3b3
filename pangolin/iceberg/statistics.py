"""Statistics and partition statistics files: one of each per snapshot."""

from pangolin.errors import BadRequest
from pangolin.iceberg import shape
from pangolin.iceberg.draft import TableDraft
from pangolin.iceberg.shape import Json


def parse_statistics(value: object, where: str) -> Json:
    """A statistics file as JSON (table spec, Table Statistics)."""
    doc = _parse_file(value, where)
    _size(doc, "file-footer-size-in-bytes", where)
    for place, blob in shape.objects(doc, "blob-metadata", where):
        shape.string(blob, "type", place)
        shape.long_integer(blob, "snapshot-id", place)
        shape.long_integer(blob, "sequence-number", place)
        shape.integers(blob, "fields", place)
        if blob.get("properties") is not None:
            shape.string_map(blob, "properties", place)
    return doc


def parse_partition_statistics(value: object, where: str) -> Json:
    """A partition statistics file as JSON (table spec, Partition Statistics)."""
    return _parse_file(value, where)


def _parse_file(value: object, where: str) -> Json:
    doc = shape.as_object(value, where)
    shape.long_integer(doc, "snapshot-id", where)
    shape.string(doc, "statistics-path", where)
    _size(doc, "file-size-in-bytes", where)
    return doc


def _size(doc: Json, name: str, where: str) -> None:
    if shape.long_integer(doc, name, where) < 0:
        raise BadRequest(f"{where}.{name} must not be negative")


def set_statistics(draft: TableDraft, update: Json, where: str) -> None:
    """set-statistics: replace the snapshot's file."""
    doc = parse_statistics(update.get("statistics"), f"{where}.statistics")
    _replace(draft, "statistics", doc)


def set_partition_statistics(draft: TableDraft, update: Json, where: str) -> None:
    """set-partition-statistics: replace the snapshot's file."""
    member = "partition-statistics"
    _replace(draft, member, parse_partition_statistics(update.get(member), f"{where}.{member}"))


def _replace(draft: TableDraft, member: str, doc: Json) -> None:
    draft.put(member, [*_without(draft, member, doc["snapshot-id"]), doc])


def _without(draft: TableDraft, member: str, snapshot_id: int) -> list[Json]:
    return [doc for doc in draft.document[member] if doc["snapshot-id"] != snapshot_id]


def remove_statistics(draft: TableDraft, update: Json, where: str) -> None:
    """remove-statistics: nothing happens when the snapshot has none."""
    _remove(draft, "statistics", shape.long_integer(update, "snapshot-id", where))


def remove_partition_statistics(draft: TableDraft, update: Json, where: str) -> None:
    """remove-partition-statistics: nothing happens when the snapshot has none."""
    _remove(draft, "partition-statistics", shape.long_integer(update, "snapshot-id", where))


def _remove(draft: TableDraft, member: str, snapshot_id: int) -> None:
    kept = _without(draft, member, snapshot_id)
    if len(kept) != len(draft.document[member]):
        draft.put(member, kept)
