"""Types as JSON: parsing, canonical spelling, and the first format version that knows them."""

import re
from typing import Any

from pangolin.errors import BadRequest
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json

_NUMBERS = frozenset(("boolean", "int", "long", "float", "double"))
_TIMES = frozenset(
    ("date", "time", "timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns"),
)
PLAIN = _NUMBERS | _TIMES | {"string", "uuid", "binary", "unknown", "variant"}
_SINCE_V3 = frozenset(
    ("timestamp_ns", "timestamptz_ns", "unknown", "variant", "geometry", "geography")
)
_FIXED = re.compile(r"fixed\[ *([0-9]{1,9}) *\]")
_DECIMAL = re.compile(r"decimal\( *([0-9]{1,2}) *, *([0-9]{1,2}) *\)")
_EDGES = frozenset(("spherical", "vincenty", "thomas", "andoyer", "karney"))
_DEFAULT_CRS = "OGC:CRS84"
_LONGEST_NAME = 200
# A deeper schema than this is a mistake or an attack: readers recurse once per level.
_DEEPEST = 60


def canonical(text: str) -> str | None:
    """The canonical spelling of a type string, or None when no such type exists.

    Case and blanks do not matter: `DECIMAL(9,2)` is `decimal(9, 2)` (table spec, appendix C).
    """
    text = text.strip()
    lower = text.lower()
    if lower in PLAIN:
        return lower
    if fixed := _FIXED.fullmatch(lower):
        return f"fixed[{int(fixed[1])}]"
    if decimal := _DECIMAL.fullmatch(lower):
        return _decimal(int(decimal[1]), int(decimal[2]))
    return _geospatial(text) if len(text) <= _LONGEST_NAME else None


def _decimal(precision: int, scale: int) -> str | None:
    return f"decimal({precision}, {scale})" if 0 < precision <= 38 else None


def _geospatial(text: str) -> str | None:
    name, bracket, rest = text.partition("(")
    name = name.strip().lower()
    if name not in ("geometry", "geography") or (bracket and not rest.endswith(")")):
        return None
    arguments = [part.strip() for part in rest[:-1].split(",")] if bracket else []
    if name == "geography" and len(arguments) == 2:
        return _geography(*arguments)
    if len(arguments) > 1 or "" in arguments:
        return None
    plain = not arguments or arguments[0].upper() == _DEFAULT_CRS
    return name if plain else f"{name}({arguments[0]})"


def _geography(crs: str, edges: str) -> str | None:
    known = edges.lower() in _EDGES
    return f"geography({crs}, {edges.lower()})" if crs and known else None


def kind(data_type: Any) -> str:
    """The name of a type without its parameters: `decimal`, `struct`, `list`, ..."""
    text = str(data_type["type"]) if isinstance(data_type, dict) else str(data_type)
    return re.split(r"[\[( ]", text.strip().lower(), maxsplit=1)[0]


def is_nested(data_type: Any) -> bool:
    """Whether a type is a struct, a list or a map."""
    return isinstance(data_type, dict)


def minimum_version(data_type: Any) -> int:
    """The first table format version in which this type itself (not what it holds) exists."""
    return 3 if kind(data_type) in _SINCE_V3 else 1


def parse_type(value: Any, where: str, depth: int = 0) -> Any:
    """A type as JSON in canonical spelling; unknown members are kept.

    Raises BadRequest naming the member of `where` that is wrong.
    """
    if isinstance(value, str):
        return _parse_primitive(value, where)
    doc = json_shape.as_object(value, where)
    if depth > _DEEPEST:
        raise BadRequest(f"{where} is nested more than {_DEEPEST} levels deep")
    readers = {"struct": _parse_struct, "list": _parse_list, "map": _parse_map}
    name = json_shape.string(doc, "type", where).lower()
    if name not in readers:
        raise BadRequest(f"{where}.type must be struct, list or map, not {name}")
    return {**readers[name](doc, where, depth), "type": name}


def _parse_primitive(text: str, where: str) -> str:
    known = canonical(text)
    if known is None:
        raise BadRequest(f"{where} is not a type: {text[:_LONGEST_NAME]}")
    return known


def _parse_list(doc: Json, where: str, depth: int) -> Json:
    json_shape.integer(doc, "element-id", where)
    json_shape.boolean(doc, "element-required", where)
    element = parse_type(doc.get("element"), f"{where}.element", depth + 1)
    return {**doc, "element": element}


def _parse_map(doc: Json, where: str, depth: int) -> Json:
    json_shape.integer(doc, "key-id", where)
    json_shape.integer(doc, "value-id", where)
    json_shape.boolean(doc, "value-required", where)
    key = parse_type(doc.get("key"), f"{where}.key", depth + 1)
    return {**doc, "key": key, "value": parse_type(doc.get("value"), f"{where}.value", depth + 1)}


def _parse_struct(doc: Json, where: str, depth: int) -> Json:
    fields = json_shape.objects(doc, "fields", where)
    return {**doc, "fields": [parse_field(field, place, depth) for place, field in fields]}


def parse_field(doc: Json, where: str, depth: int) -> Json:
    """One struct field as JSON in canonical spelling."""
    json_shape.integer(doc, "id", where)
    json_shape.string(doc, "name", where)
    json_shape.boolean(doc, "required", where)
    json_shape.optional_string(doc, "doc", where)
    for name in ("initial-default", "write-default"):
        _check_default(doc.get(name), f"{where}.{name}")
    return {**doc, "type": parse_type(doc.get("type"), f"{where}.type", depth + 1)}


def _check_default(value: Any, where: str) -> None:
    if isinstance(value, list) or (isinstance(value, dict) and value):
        raise BadRequest(f"{where} must be a single value")
