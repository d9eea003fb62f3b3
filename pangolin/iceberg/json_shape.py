"""Reading members of a JSON object from a client: every reader names the member that is wrong."""

from typing import Any

from pangolin.errors import BadRequest

Json = dict[str, Any]

_DEEPEST = 200


def path(where: str, name: str) -> str:
    """The dotted path of a member, as error messages spell it."""
    return f"{where}.{name}" if where else name


def check_depth(value: Any, where: str) -> None:
    """Raise BadRequest for JSON so deep that writing it back could fail."""
    level = [value]
    for _ in range(_DEEPEST):
        inner = [
            v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)
        ]
        level = [child for children in inner for child in children]
        if not level:
            return
    raise BadRequest(f"{where} is nested more than {_DEEPEST} levels deep")


def as_object(value: Any, where: str) -> Json:
    """`value`, which must be a JSON object."""
    if not isinstance(value, dict):
        raise BadRequest(f"{where} must be an object")
    return value


def as_list(value: Any, where: str) -> list[Any]:
    """`value`, which must be a JSON array."""
    if not isinstance(value, list):
        raise BadRequest(f"{where} must be an array")
    return value


def as_objects(value: Any, where: str) -> list[tuple[str, Json]]:
    """The objects of an array, each with its path (`where[0]`, `where[1]`, ...)."""
    items = enumerate(as_list(value, where))
    return [(f"{where}[{i}]", as_object(item, f"{where}[{i}]")) for i, item in items]


def as_integer(value: Any, where: str, *, bits: int = 64) -> int:
    """`value`, which must be a whole number of at most `bits` bits; true and 1.0 are not."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{where} must be an integer")
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise BadRequest(f"{where} must be an integer of at most {bits} bits")
    return value


def as_string(value: Any, where: str) -> str:
    """`value`, which must be a string."""
    if not isinstance(value, str):
        raise BadRequest(f"{where} must be a string")
    return value


def an_object(doc: Json, name: str, where: str) -> Json:
    """A required object member."""
    return as_object(doc.get(name), path(where, name))


def objects(doc: Json, name: str, where: str) -> list[tuple[str, Json]]:
    """A required array of objects, each with its path."""
    return as_objects(doc.get(name), path(where, name))


def integer(doc: Json, name: str, where: str) -> int:
    """A required id: an integer of at most 32 bits."""
    return as_integer(doc.get(name), path(where, name), bits=32)


def long_integer(doc: Json, name: str, where: str) -> int:
    """A required snapshot id, count or time: an integer of at most 64 bits."""
    return as_integer(doc.get(name), path(where, name))


def optional_long(doc: Json, name: str, where: str) -> int | None:
    """An integer of at most 64 bits; None when it is null or missing."""
    return None if doc.get(name) is None else long_integer(doc, name, where)


def optional_integer(doc: Json, name: str, where: str) -> int | None:
    """An integer of at most 32 bits; None when it is null or missing."""
    return None if doc.get(name) is None else integer(doc, name, where)


def string(doc: Json, name: str, where: str) -> str:
    """A required string member."""
    return as_string(doc.get(name), path(where, name))


def optional_string(doc: Json, name: str, where: str) -> str | None:
    """A string member; None when it is null or missing."""
    return None if doc.get(name) is None else string(doc, name, where)


def boolean(doc: Json, name: str, where: str) -> bool:
    """A required true or false."""
    value = doc.get(name)
    if not isinstance(value, bool):
        raise BadRequest(f"{path(where, name)} must be true or false")
    return value


def integers(doc: Json, name: str, where: str) -> list[int]:
    """A required array of integers."""
    place = path(where, name)
    values = as_list(doc.get(name), place)
    return [as_integer(value, f"{place}[{i}]") for i, value in enumerate(values)]


def strings(doc: Json, name: str, where: str) -> list[str]:
    """A required array of strings."""
    place = path(where, name)
    values = as_list(doc.get(name), place)
    return [as_string(value, f"{place}[{i}]") for i, value in enumerate(values)]


def string_map(doc: Json, name: str, where: str) -> dict[str, str]:
    """A required object whose values are all strings."""
    place = path(where, name)
    entries = as_object(doc.get(name), place).items()
    return {key: as_string(value, f"{place}.{key}") for key, value in entries}
