"""Field ids for a new table: numbered from 1, one struct level before the next."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from pangolin.iceberg import schemas, types
from pangolin.iceberg.json_shape import Json


def reassign(schema: Json) -> tuple[Json, dict[int, int]]:
    """A parsed schema with fresh field ids, and the map from its old ids to the new ones.

    A struct's fields are numbered before anything inside them; a list numbers its element, a map
    its key and its value, before descending.
    """
    renumbered: dict[int, int] = {}
    fresh: Json = _reassign(schema, count(1), renumbered)
    if schemas.identifiers(schema):
        kept = [renumbered[old] for old in schemas.identifiers(schema)]
        fresh["identifier-field-ids"] = kept
    return fresh, renumbered


def _reassign(data_type: Any, ids: Iterator[int], renumbered: dict[int, int]) -> Any:
    if not types.is_nested(data_type):
        return data_type
    if data_type["type"] == "struct":
        return _struct(data_type, ids, renumbered)
    parts = ("element",) if data_type["type"] == "list" else ("key", "value")
    fresh = dict(data_type)
    for part in parts:
        fresh[f"{part}-id"] = renumbered[data_type[f"{part}-id"]] = next(ids)
    for part in parts:
        fresh[part] = _reassign(data_type[part], ids, renumbered)
    return fresh


def _struct(struct: Json, ids: Iterator[int], renumbered: dict[int, int]) -> Json:
    for field in struct["fields"]:
        renumbered[field["id"]] = next(ids)
    fields = [
        {**f, "id": renumbered[f["id"]], "type": _reassign(f["type"], ids, renumbered)}
        for f in struct["fields"]
    ]
    return {**struct, "fields": fields}
