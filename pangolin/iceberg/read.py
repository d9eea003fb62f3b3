"""Reading metadata files of other writers: validation, and what older writers left out."""

from collections.abc import Callable
from typing import Any

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg import (
    encryption,
    identity,
    invariants,
    json_shape,
    partitions,
    refs,
    schemas,
    snapshots,
    statistics,
    view_versions,
)
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.normalize import normalised
from pangolin.iceberg.table import spelled

_REQUIRED_SINCE_V2 = (
    "last-sequence-number",
    "schemas",
    "partition-specs",
    "last-partition-id",
    "sort-orders",
)
_LISTS = (
    "snapshots",
    "statistics",
    "partition-statistics",
    "snapshot-log",
    "metadata-log",
    "encryption-keys",
)


def table_metadata(document: Json) -> Json:
    """Table metadata as we write it, from a file of any supported version.

    What v1 writers left out is derived; unknown members are kept. Raises ValidationFailed
    naming the member that is wrong.
    """
    return _read(document, _table)


def view_metadata(document: Json) -> Json:
    """View metadata from a file; raises ValidationFailed naming the member that is wrong."""
    return _read(document, _view)


def _read(document: Any, reader: Callable[[Json], Json]) -> Json:
    try:
        json_shape.check_depth(document, "the metadata")
        return reader(json_shape.as_object(document, "the metadata"))
    except ValidationFailed:
        raise
    except BadRequest as wrong:
        raise ValidationFailed(f"Invalid metadata: {wrong.message}") from wrong


def _table(document: Json) -> Json:
    version = json_shape.integer(document, "format-version", "")
    if not 1 <= version <= identity.SUPPORTED_VERSION:
        raise ValidationFailed(f"Cannot read unsupported version {version}")
    _check_top(document, version)
    _check_properties(document)
    _check_layout_shape(document)
    whole = normalised(document)
    for check in (_check_layout, _check_snapshots, _check_logs, _check_files):
        check(whole)
    invariants.check(whole)
    invariants.check_layout(whole)
    return spelled(whole)


def _check_top(document: Json, version: int) -> None:
    json_shape.string(document, "location", "")
    json_shape.long_integer(document, "last-updated-ms", "")
    json_shape.integer(document, "last-column-id", "")
    json_shape.optional_long(document, "current-snapshot-id", "")
    json_shape.optional_long(document, "last-sequence-number", "")
    json_shape.optional_integer(document, "last-partition-id", "")
    if document.get("table-uuid") is not None:
        identity.uuid_of(document, "table-uuid", "")
    for name in _LISTS:
        _objects(document, name)
    if document.get("refs") is not None:
        json_shape.an_object(document, "refs", "")
    for name in _REQUIRED_SINCE_V2 if version > 1 else ():
        if document.get(name) is None:
            raise ValidationFailed(f"{name} must exist in format v{version}")
    if version > 2:
        json_shape.long_integer(document, "next-row-id", "")


def _check_properties(document: Json) -> None:
    if document.get("properties") is not None:
        json_shape.string_map(document, "properties", "")


def _check_layout_shape(document: Json) -> None:
    for name, default in (
        ("schemas", "current-schema-id"),
        ("partition-specs", "default-spec-id"),
        ("sort-orders", "default-sort-order-id"),
    ):
        if document.get(name) is not None:
            json_shape.objects(document, name, "")
            json_shape.integer(document, default, "")
    if document.get("schemas") is None:
        json_shape.an_object(document, "schema", "")
    if document.get("partition-specs") is None:
        for place, field in json_shape.objects(document, "partition-spec", ""):
            _parsed_field(field, place, ("name",))
    for place, spec in _objects(document, "partition-specs"):
        json_shape.objects(spec, "fields", place)


def _objects(document: Json, name: str) -> list[tuple[str, Json]]:
    return [] if document.get(name) is None else json_shape.objects(document, name, "")


def _check_layout(whole: Json) -> None:
    whole["schemas"] = _parsed_schemas(whole)
    whole["partition-specs"] = _parsed(whole, "partition-specs", "spec-id", ("name",))
    orders = _parsed(whole, "sort-orders", "order-id", ("direction", "null-order"))
    whole["sort-orders"] = orders


def _parsed_schemas(document: Json) -> list[Json]:
    parsed = []
    for place, schema in json_shape.objects(document, "schemas", ""):
        json_shape.optional_integer(schema, "schema-id", place)
        parsed.append(schemas.parse_schema(schema, place))
    _check_unique([schema.get("schema-id") or 0 for schema in parsed], "schemas")
    return parsed


def _check_unique(ids: list[int], where: str) -> None:
    if len(set(ids)) != len(ids):
        raise ValidationFailed(f"{where} uses an id more than once: {sorted(ids)}")


def _parsed(whole: Json, member: str, number: str, names: tuple[str, ...]) -> list[Json]:
    parsed = []
    for place, doc in json_shape.objects(whole, member, ""):
        json_shape.integer(doc, number, place)
        fields = json_shape.objects(doc, "fields", place)
        parsed.append({**doc, "fields": [_parsed_field(f, at, names) for at, f in fields]})
    _check_unique([doc[number] for doc in parsed], member)
    return parsed


def _parsed_field(field: Json, where: str, names: tuple[str, ...]) -> Json:
    # Unknown transforms are kept, however many columns they take: only add-spec refuses them.
    for name in ("transform", *names):
        json_shape.string(field, name, where)
    json_shape.optional_integer(field, "field-id", where)
    if field.get("source-id") is None and len(json_shape.integers(field, "source-ids", where)) > 1:
        return field
    return {**field, "source-id": partitions.source_id(field, where)}


def _check_snapshots(whole: Json) -> None:
    version = whole["format-version"]
    for place, snapshot in json_shape.objects(whole, "snapshots", ""):
        # Tables upgraded from v1 keep snapshots that only v1 can write.
        inline = snapshot.get("manifest-list") is None or not snapshot.get("summary")
        snapshots.parse_snapshot(snapshot, place, 1 if inline else version)
    _check_unique([snapshot["snapshot-id"] for snapshot in whole["snapshots"]], "snapshots")
    for name, ref in json_shape.an_object(whole, "refs", "").items():
        refs.parse_ref(json_shape.as_object(ref, f"refs.{name}"), f"refs.{name}")


def _check_logs(whole: Json) -> None:
    for place, entry in json_shape.objects(whole, "snapshot-log", ""):
        json_shape.long_integer(entry, "timestamp-ms", place)
        json_shape.long_integer(entry, "snapshot-id", place)
    for place, entry in json_shape.objects(whole, "metadata-log", ""):
        json_shape.long_integer(entry, "timestamp-ms", place)
        json_shape.string(entry, "metadata-file", place)


def _check_files(whole: Json) -> None:
    for place, doc in json_shape.objects(whole, "statistics", ""):
        statistics.parse_statistics(doc, place)
    for place, doc in json_shape.objects(whole, "partition-statistics", ""):
        statistics.parse_partition_statistics(doc, place)
    for place, key in json_shape.objects(whole, "encryption-keys", ""):
        encryption.parse_key(key, place)


def _view(document: Json) -> Json:
    identity.uuid_of(document, "view-uuid", "")
    version = json_shape.integer(document, "format-version", "")
    if version != 1:
        raise ValidationFailed(f"Cannot read unsupported version {version}")
    json_shape.string(document, "location", "")
    _check_properties(document)
    document = {**document, "schemas": _parsed_schemas(document)}
    for place, entry in json_shape.objects(document, "version-log", ""):
        json_shape.long_integer(entry, "timestamp-ms", place)
        json_shape.integer(entry, "version-id", place)
    _check_versions(document)
    return document


def _check_versions(document: Json) -> None:
    known = set()
    for place, doc in json_shape.objects(document, "versions", ""):
        version = view_versions.parse_version(doc, place)
        if schemas.by_id(document["schemas"], version["schema-id"]) is None:
            raise ValidationFailed(f"{place}.schema-id is unknown: {version['schema-id']}")
        known.add(version["version-id"])
    current = json_shape.integer(document, "current-version-id", "")
    if current not in known:
        raise ValidationFailed(f"current-version-id is unknown: {current}")
