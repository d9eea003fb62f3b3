"""Collections and indexes from kinds: create what is missing, extend what older versions made."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import OperationFailure

from pangolin.plugin import BadRequest, Kind
from pangolin_mongodb.documents import Stored, columns, field, to_doc
from pangolin_mongodb.failures import DUPLICATE_KEY
from pangolin_mongodb.queries import present, sort_of

BY_KEY = "by_key"
OURS = "by_"
EXISTS = 48
NO_INDEX = 27
ANOTHER_INDEX = frozenset({85, 86})
FILL_BATCH = 500
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A MongoDB index: its name, ordered fields, uniqueness and the condition to be in it."""

    name: str
    fields: list[tuple[str, int]]
    unique: bool = False
    condition: Stored | None = None

    def is_same(self, found: dict[str, Any]) -> bool:
        """Compare with the server's description of an index of this name."""
        unique, condition = bool(found.get("unique")), found.get("partialFilterExpression")
        shape = [(name, int(way)) for name, way in found["key"]]
        return (shape, unique, condition or None) == (self.fields, self.unique, self.condition)


def wanted_indexes(kind: Kind) -> list[Wanted]:
    """List the indexes of a kind's collection, the key's first."""
    more = [
        Wanted(f"by_{name}", sort_of(kind, name), index.unique, present(kind, name) or None)
        for name, index in kind.indexes.items()
    ]
    return [Wanted(BY_KEY, sort_of(kind, None)), *more]


def lay_out(database: Database[Stored], kind: Kind) -> None:
    """Create or extend one kind's collection; idempotent, and safe to run concurrently.

    Errors raised: `BadRequest` for another key or for values that a unique index cannot hold.
    """
    create(database, kind.name)
    found = database[kind.name].index_information()
    _refuse_another_key(kind, found)
    wanted = wanted_indexes(kind)
    missing = [w for w in wanted if w.name not in found or not w.is_same(found[w.name])]
    if missing:
        _fill(database, kind)
    names = {w.name for w in wanted} - {w.name for w in missing}
    for name in found:
        # A unique index that is no longer declared would refuse what is now allowed.
        if name.startswith(OURS) and name not in names:
            _drop(database, kind, name)
    for index in missing:
        _build(database, kind, index)


def missing_indexes(database: Database[Stored], kind: Kind) -> list[str]:
    """List the indexes that a collection lacks."""
    found = database[kind.name].index_information()
    wanted = wanted_indexes(kind)
    return [w.name for w in wanted if w.name not in found or not w.is_same(found[w.name])]


def create(database: Database[Stored], name: str) -> None:
    """Create a collection, unless it is there."""
    try:
        database.command("create", name)
    except OperationFailure as error:
        if error.code != EXISTS:
            raise


def _refuse_another_key(kind: Kind, found: Any) -> None:
    if BY_KEY not in found:
        return
    names = [name for name, _ in found[BY_KEY]["key"]]
    if names != [field(name) for name in kind.key]:
        raise BadRequest(
            f"store_url: collection {kind.name} has the key {names}, this version of Pangolin"
            f" needs {list(kind.key)}: it was made by another version"
        )


def _fill(database: Database[Stored], kind: Kind) -> None:
    collection = database[kind.name]
    names = [field(name) for name in kind.columns()[len(kind.key) :]]
    if not names:
        return
    lacking = {"$or": [{name: {"$exists": False}} for name in names]}
    updates = _updates(kind, names, collection.find(lacking))
    while part := list(islice(updates, FILL_BATCH)):
        collection.bulk_write(part, ordered=False)


def _updates(kind: Kind, names: list[str], rows: Any) -> Iterator[UpdateOne]:
    for row in rows:
        values = columns(kind, to_doc(row["doc"]))
        fresh = {name: values[name] for name in names if name in values and name not in row}
        if fresh:
            # Any later write of it has written the fields as well.
            at_version = {"_id": row["_id"], "version": row["version"]}
            yield UpdateOne(at_version, {"$set": fresh})


def _drop(database: Database[Stored], kind: Kind, name: str) -> None:
    try:
        database[kind.name].drop_index(name)
    except OperationFailure as error:
        if error.code != NO_INDEX:
            raise


def _build(database: Database[Stored], kind: Kind, index: Wanted) -> None:
    options: Stored = {"name": index.name}
    if index.unique:
        options["unique"] = True
    if index.condition:
        options["partialFilterExpression"] = index.condition
    try:
        database[kind.name].create_index(index.fields, **options)
    except OperationFailure as error:
        if error.code != DUPLICATE_KEY:
            raise
        raise BadRequest(_duplicates(database, kind, index)) from error


def _duplicates(database: Database[Stored], kind: Kind, index: Wanted) -> str:
    names = [name for name, _ in index.fields]
    # Stages name fields by place: a field called `n` must not collide with the count.
    values = {f"f{place}": f"${name}" for place, name in enumerate(names)}
    rows = database[kind.name].aggregate(
        [
            {"$match": index.condition or {}},
            {"$group": {"_id": values, "times": {"$sum": 1}}},
            {"$match": {"times": {"$gt": 1}}},
            {"$limit": SHOWN},
        ],
        allowDiskUse=True,
    )
    shown = [f"{list(row['_id'].values())!r:.200} ({row['times']} records)" for row in rows]
    return (
        f"store_url: collection {kind.name} holds equal values of {', '.join(names)}, which must"
        f" be unique: {'; '.join(shown)}; remove or change all but one of each and start again"
    )
