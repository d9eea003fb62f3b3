"""Versions of a view: parsing, equality, dialects, and which of them are kept (view spec)."""

from pangolin.errors import BadRequest, IllegalArgument, ValidationFailed
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.properties import boolean_property, integer_property

_DROP_DIALECT = "replace.drop-dialect.allowed"
_HISTORY = "version.history.num-entries"
_DEFINITION = ("summary", "representations", "default-catalog", "default-namespace", "schema-id")


def parse_version(value: object, where: str) -> Json:
    """A view version as JSON; unknown members are kept.

    Raises BadRequest naming the member that is wrong, IllegalArgument for a dialect given twice.
    """
    version = {"summary": {}, **json_shape.as_object(value, where)}
    for name in ("version-id", "schema-id"):
        json_shape.integer(version, name, where)
    json_shape.long_integer(version, "timestamp-ms", where)
    json_shape.string_map(version, "summary", where)
    json_shape.strings(version, "default-namespace", where)
    json_shape.optional_string(version, "default-catalog", where)
    _check_representations(version, where)
    return version


def _check_representations(version: Json, where: str) -> None:
    representations = json_shape.objects(version, "representations", where)
    if not representations:
        raise BadRequest(f"{where}.representations must hold at least one query")
    for place, representation in representations:
        if json_shape.string(representation, "type", place).lower() == "sql":
            json_shape.string(representation, "sql", place)
            json_shape.string(representation, "dialect", place)
    seen: set[str] = set()
    for dialect in dialects(version):
        if dialect in seen:
            message = f"Cannot add multiple queries for dialect {dialect}"
            raise IllegalArgument(f"Invalid view version: {message}")
        seen.add(dialect)


def dialects(version: Json) -> list[str]:
    """The SQL dialects of a version, in lower case."""
    sql = (r for r in version["representations"] if r["type"].lower() == "sql")
    return [r["dialect"].lower() for r in sql]


def same(one: Json, other: Json) -> bool:
    """Whether two versions define the same view; id and time are not compared."""
    return all((one.get(name) or None) == (other.get(name) or None) for name in _DEFINITION)


def version_id(version: Json, known: list[Json]) -> int:
    """The id of a new version: the one it was sent with, unless that is taken or lower."""
    return max((int(version["version-id"]), *(int(v["version-id"]) + 1 for v in known)))


def check_dialects(previous: Json, current: Json, properties: dict[str, str]) -> None:
    """Raise IllegalArgument when the new version lost a dialect and that is not allowed."""
    before, after = dialects(previous), dialects(current)
    allowed = boolean_property(properties, _DROP_DIALECT, False)
    if not allowed and not set(before) <= set(after):
        raise IllegalArgument(
            f"Cannot replace view due to loss of view dialects ({_DROP_DIALECT}=false):\n"
            f"Previous dialects: {sorted(before)}\nNew dialects: {sorted(after)}"
        )


def expire(document: Json, added: set[int]) -> None:
    """Drop the oldest versions beyond `version.history.num-entries`, and their history.

    The current version and those added in this commit stay. The log is cut before any entry whose
    version was dropped.
    """
    size = integer_property(document.get("properties") or {}, _HISTORY, 10)
    if size <= 0:
        raise ValidationFailed(f"{_HISTORY} must be positive but was {size}")
    current = document["current-version-id"]
    most = max(size, len(added | {current}))
    if len(document["versions"]) <= most:
        return
    others = sorted(v["version-id"] for v in document["versions"] if v["version-id"] != current)
    kept = {current, *others[len(others) - most + 1 :]}
    document["versions"] = [v for v in document["versions"] if v["version-id"] in kept]
    log: list[Json] = []
    for entry in document["version-log"]:
        log = [*log, entry] if entry["version-id"] in kept else []
    document["version-log"] = log
