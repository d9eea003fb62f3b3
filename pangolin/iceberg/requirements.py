"""The assertions a commit makes about what it is based on (REST spec, TableRequirement)."""

from collections.abc import Callable
from typing import Any

from pangolin.errors import BadRequest, CommitFailed
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.normalize import normalised

_CREATE = "assert-create"


def is_create(requirements: list[Json]) -> bool:
    """Whether the commit creates the table; assert-create admits no other requirement."""
    names = [name for _, name, _ in _read(requirements)]
    if _CREATE in names and len(names) > 1:
        raise BadRequest("Invalid create requirements: assert-create must be the only one")
    return _CREATE in names


def check_table(base: Json | None, requirements: list[Json]) -> None:
    """Raise CommitFailed for the first requirement `base` (None: no table) does not meet.

    Raises BadRequest for requirements that are malformed, unknown or about views.
    """
    read = _read(requirements)
    for _, name, _ in read:
        if name not in _TABLE:
            raise BadRequest(f"Cannot validate {name} against a table")
    whole = None if base is None else normalised(base)
    for where, name, requirement in read:
        if whole is None and name != _CREATE:
            raise CommitFailed("Requirement failed: current table metadata is missing")
        _TABLE[name](whole or {}, requirement, where)


def check_view(base: Json, requirements: list[Json]) -> None:
    """Raise CommitFailed for the first requirement a view does not meet.

    Raises BadRequest for requirements that are malformed, unknown or about tables.
    """
    for where, name, requirement in _read(requirements):
        if name != "assert-view-uuid":
            raise BadRequest(f"Cannot validate {name} against a view")
        _view_uuid(base, requirement, where)


def _read(requirements: Any) -> list[tuple[str, str, Json]]:
    read = []
    for where, requirement in json_shape.as_objects(requirements, "requirements"):
        name = json_shape.string(requirement, "type", where).lower()
        if name not in _TABLE and name != "assert-view-uuid":
            raise BadRequest(f"{where}.type is not a known requirement: {name[:200]}")
        read.append((where, name, requirement))
    return read


def _missing(base: Json, requirement: Json, where: str) -> None:
    if base:
        raise CommitFailed("Requirement failed: table already exists")


def _table_uuid(base: Json, requirement: Json, where: str) -> None:
    _same_uuid(base.get("table-uuid"), json_shape.string(requirement, "uuid", where), "UUID")


def _view_uuid(base: Json, requirement: Json, where: str) -> None:
    _same_uuid(base.get("view-uuid"), json_shape.string(requirement, "uuid", where), "view UUID")


def _same_uuid(found: str | None, expected: str, what: str) -> None:
    if found is None or found.lower() != expected.lower():
        message = f"{what} does not match: expected {found} != {expected}"
        raise CommitFailed(f"Requirement failed: {message}")


def _ref(base: Json, requirement: Json, where: str) -> None:
    name = json_shape.string(requirement, "ref", where)
    expected = json_shape.optional_long(requirement, "snapshot-id", where)
    ref = base["refs"].get(name)
    if problem := _ref_problem(name, expected, ref):
        raise CommitFailed(f"Requirement failed: {problem}")


def _ref_problem(name: str, expected: int | None, ref: Json | None) -> str | None:
    if ref is None:
        missing = f"branch or tag {name} is missing, expected {expected}"
        return None if expected is None else missing
    if expected is None:
        return f"{ref['type']} {name} was created concurrently"
    if expected != ref["snapshot-id"]:
        found = ref["snapshot-id"]
        return f"{ref['type']} {name} has changed: expected id {expected} != {found}"
    return None


def _number(name: str, member: str, what: str) -> Callable[[Json, Json, str], None]:
    def check(base: Json, requirement: Json, where: str) -> None:
        expected = json_shape.long_integer(requirement, name, where)
        found = base.get(member)
        if expected != found:
            message = f"{what} changed: expected id {expected} != {found}"
            raise CommitFailed(f"Requirement failed: {message}")

    return check


_TABLE: dict[str, Callable[[Json, Json, str], None]] = {
    _CREATE: _missing,
    "assert-table-uuid": _table_uuid,
    "assert-ref-snapshot-id": _ref,
    "assert-last-assigned-field-id": _number(
        "last-assigned-field-id", "last-column-id", "last assigned field id"
    ),
    "assert-current-schema-id": _number("current-schema-id", "current-schema-id", "current schema"),
    "assert-last-assigned-partition-id": _number(
        "last-assigned-partition-id", "last-partition-id", "last assigned partition id"
    ),
    "assert-default-spec-id": _number(
        "default-spec-id", "default-spec-id", "default partition spec"
    ),
    "assert-default-sort-order-id": _number(
        "default-sort-order-id", "default-sort-order-id", "default sort order"
    ),
}
