"""Filters and sort orders of pages: ranges of an index, never offsets."""

from pangolin.plugin import Key, Kind
from pangolin_mongodb.documents import Stored, field


def index_fields(kind: Kind, index: str | None) -> tuple[str, ...]:
    """List the fields of the MongoDB index that serves an order.

    Rows of a unique index are never equal, so it needs no key to tell them apart.
    """
    if index is not None and kind.indexes[index].unique:
        return kind.indexes[index].fields
    return kind.order(index)


def sort_of(kind: Kind, index: str | None, reverse: bool = False) -> list[tuple[str, int]]:
    """Make the sort order of a page."""
    return [(field(name), -1 if reverse else 1) for name in index_fields(kind, index)]


def present(kind: Kind, index: str | None) -> Stored:
    """Make the condition that a record is in an index; MongoDB has to see it in each query."""
    names = kind.indexes[index].fields if index else ()
    return {field(name): {"$exists": True} for name in names if name not in kind.key}


def under(kind: Kind, prefix: Key, index: str | None) -> Stored:
    """Make the filter of the records under a prefix; raise `BadRequest` for a bad value."""
    order = kind.order(index)
    values = kind.checked_values(prefix, order)
    return present(kind, index) | {field(name): v for name, v in zip(order, values, strict=False)}


def beyond(kind: Kind, prefix: Key, index: str | None, after: Key, reverse: bool) -> Stored:
    """Make the filter of the records under a prefix that are beyond `after`.

    Each branch is one range of the index and repeats the prefix, so that the server merges sorted
    ranges instead of sorting results.
    """
    order = kind.order(index)
    kind.checked_values((*prefix, *after), order)
    base = under(kind, prefix, index)
    names = [field(name) for name in order[len(prefix) :]]
    sign = "$lt" if reverse else "$gt"
    branches = [
        {**base, **dict(zip(names, after[:place], strict=False)), names[place]: {sign: value}}
        for place, value in enumerate(after)
    ]
    if len(branches) > 1:
        return {"$or": branches}
    return branches[0] if branches else base
