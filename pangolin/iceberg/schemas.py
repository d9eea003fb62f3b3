"""Schemas: parsing, the index of their columns, and when two of them are the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg import json_shape, types
from pangolin.iceberg.json_shape import Json


@dataclass(frozen=True, slots=True)
class Column:
    """A field at any depth: full name, type, and the id of the field that holds it."""

    id: int
    name: str
    type: Any
    required: bool
    parent: int | None
    initial_default: Any = None


@dataclass(slots=True)
class Columns:
    """All columns of a schema, by id and by name; `names` also knows the short names of fields
    of a list's or a map's structs (`points.x` for `points.element.x`)."""

    by_id: dict[int, Column] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)

    def highest(self) -> int:
        """The highest field id, or 0."""
        return max(self.by_id, default=0)

    def named(self, name: str) -> Column | None:
        """The column of this full or short name."""
        found = self.names.get(name)
        return None if found is None else self.by_id[found]

    def parents(self, column: Column) -> list[Column]:
        """The columns around `column`, outermost first."""
        around: list[Column] = []
        while column.parent is not None:
            column = self.by_id[column.parent]
            around.insert(0, column)
        return around


def parse_schema(value: Any, where: str) -> Json:
    """A schema as JSON in canonical spelling; unknown members are kept.

    Raises BadRequest naming the member that is wrong, ids used twice and names used twice.
    """
    doc = json_shape.as_object(value, where)
    schema: Json = types.parse_type({"type": "struct", **doc}, where)
    if schema["type"] != "struct":
        raise BadRequest(f"{where}.type must be struct")
    if schema.get("identifier-field-ids") is not None:
        json_shape.integers(schema, "identifier-field-ids", where)
    columns = index(schema, where)
    for identifier in identifiers(schema):
        _check_identifier(identifier, columns)
    return schema


def identifiers(schema: Json) -> list[int]:
    """The identifier field ids of a schema."""
    return list(schema.get("identifier-field-ids") or ())


def index(schema: Json, where: str = "schema") -> Columns:
    """The columns of a parsed schema."""
    found: list[Column] = []
    _walk(schema, None, "", found)
    columns = Columns()
    for column in found:
        if column.id in columns.by_id:
            raise BadRequest(f"{where} uses field id {column.id} more than once")
        if column.name in columns.names:
            raise BadRequest(f"{where} uses the name {column.name} more than once")
        columns.by_id[column.id] = column
        columns.names[column.name] = column.id
    _walk_short(schema, "", columns.names)
    return columns


def _children(data_type: Json) -> Iterable[tuple[int, str, Any, bool, Any]]:
    # Old files may omit the type of the schema itself.
    if data_type.get("type", "struct") == "struct":
        for f in data_type["fields"]:
            yield f["id"], f["name"], f["type"], f["required"], f.get("initial-default")
    elif data_type["type"] == "list":
        required = data_type["element-required"]
        yield data_type["element-id"], "element", data_type["element"], required, None
    else:
        yield data_type["key-id"], "key", data_type["key"], True, None
        required = data_type["value-required"]
        yield data_type["value-id"], "value", data_type["value"], required, None


def _walk(data_type: Json, parent: int | None, prefix: str, found: list[Column]) -> None:
    for identity, name, child, required, default in _children(data_type):
        found.append(Column(identity, prefix + name, child, required, parent, default))
        if types.is_nested(child):
            _walk(child, identity, f"{prefix}{name}.", found)


def _walk_short(data_type: Json, prefix: str, names: dict[str, int]) -> None:
    for identity, name, child, _, _ in _children(data_type):
        names.setdefault(prefix + name, identity)
        if types.is_nested(child):
            skipped = name in ("element", "value") and "fields" not in data_type
            inner = prefix if skipped and child["type"] == "struct" else f"{prefix}{name}."
            _walk_short(child, inner, names)


def _check_identifier(identifier: int, columns: Columns) -> None:
    column = columns.by_id.get(identifier)
    if column is None:
        message = f"Cannot add fieldId {identifier} as an identifier field: field does not exist"
        raise ValidationFailed(message)
    if reason := _not_identifying(column, columns):
        raise ValidationFailed(f"Cannot add field {column.name} as an identifier field: {reason}")


def _not_identifying(column: Column, columns: Columns) -> str | None:
    if types.is_nested(column.type) or column.type == "variant":
        return "not a primitive type field"
    if not column.required:
        return "not a required field"
    if column.type in ("float", "double"):
        return "must not be float or double field"
    for around in columns.parents(column):
        if types.kind(around.type) != "struct":
            return f"must not be nested in {around.name}"
        if not around.required:
            return f"must not be nested in an optional field {around.name}"
    return None


def check_version(columns: Columns, version: int) -> None:
    """Raise ValidationFailed when a column needs a later format version than `version`."""
    problems = []
    for _, column in sorted(columns.by_id.items()):
        since = types.minimum_version(column.type)
        if since > version:
            what = types.kind(column.type)
            problem = f"{what} is not supported until v{since}"
            problems.append(f"Invalid type for {column.name}: {problem}")
        elif column.initial_default is not None and version < 3:
            problem = f"non-null default ({column.initial_default}) is not supported until v3"
            problems.append(f"Invalid initial default for {column.name}: {problem}")
    if problems:
        raise ValidationFailed("\n- ".join((f"Invalid schema for v{version}:", *problems)))


def structure(schema: Json) -> tuple[Any, frozenset[int]]:
    """A key that two schemas share exactly if they are the same except for the schema id."""
    return _type_key(schema), frozenset(identifiers(schema))


def _type_key(data_type: Any) -> Any:
    if not isinstance(data_type, dict):
        return types.canonical(data_type) or data_type
    if data_type.get("type", "struct") == "struct":
        return "struct", tuple(_field_key(f) for f in data_type["fields"])
    return data_type["type"], tuple(
        (identity, _type_key(child), required)
        for identity, _, child, required, _ in _children(data_type)
    )


def _field_key(f: Json) -> Any:
    # repr keeps 1, 1.0 and true apart.
    defaults = repr(f.get("initial-default")), repr(f.get("write-default"))
    return f["id"], f["name"], f["required"], _type_key(f["type"]), f.get("doc"), defaults


def same(one: Json, other: Json) -> bool:
    """Whether two schemas are the same except for their schema ids."""
    return structure(one) == structure(other)


def by_id(schemas: list[Json], schema_id: int) -> Json | None:
    """The schema of this id; a missing `schema-id` reads as 0."""
    return next((s for s in schemas if s.get("schema-id", 0) == schema_id), None)


def next_id(schemas: list[Json]) -> int:
    """The id a new schema gets: one more than the highest, from 0."""
    return max((s.get("schema-id", 0) for s in schemas), default=-1) + 1
