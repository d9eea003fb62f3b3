"""Reads of several collections in one round trip, as of one moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pymongo.client_session import ClientSession
from pymongo.database import Database

from pangolin.plugin import Key, Kind, RequireEmpty
from pangolin_mongodb.documents import Stored, at, identity
from pangolin_mongodb.documents import field as stored_field
from pangolin_mongodb.markers import COLLECTION
from pangolin_mongodb.queries import under
from pangolin_mongodb.steps import Step

Stages = list[Stored]
Term = tuple[str, Stages]
OCCUPIED = "occupied"


@dataclass(slots=True)
class State:
    """What a batch found: records by `_id` (without `doc`), places of prefixes that hold some.

    `wanted` are the announcements that were there (see `markers`).
    """

    found: dict[bytes, Stored] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    occupied: set[int] = field(default_factory=set)


def read_records(
    database: Database[Stored], wanted: Sequence[tuple[Kind, Key]], names: Sequence[str]
) -> dict[bytes, Stored]:
    """Read records of several kinds; return some fields of each by `_id`."""
    rows = _union(database, [_records(kind, keys, names) for kind, keys in _grouped(wanted)], None)
    return {row["_id"]: row for row in rows}


def read_state(
    database: Database[Stored],
    steps: Sequence[Step],
    announcements: Iterable[str],
    session: ClientSession,
) -> State:
    """Read what the steps depend on, and which of the announcements are there."""
    keyed = [(step.kind, step.key) for step in steps if step.id]
    terms = [_records(kind, keys, _judged(kind)) for kind, keys in _grouped(keyed)]
    terms += [_occupant(step) for step in steps if not step.id]
    if names := sorted(announcements):
        terms.append((COLLECTION, [{"$match": {"_id": {"$in": names}}}]))
    state = State()
    for row in _union(database, terms, session):
        if OCCUPIED in row:
            state.occupied.add(row[OCCUPIED])
        elif isinstance(row["_id"], str):
            state.wanted.add(row["_id"])
        else:
            state.found[row["_id"]] = row
    return state


def _union(
    database: Database[Stored], terms: Sequence[Term], session: ClientSession | None
) -> Iterator[Stored]:
    if not terms:
        return iter(())
    (name, stages), *rest = terms
    more: Stages = [{"$unionWith": {"coll": coll, "pipeline": inner}} for coll, inner in rest]
    return database[name].aggregate([*stages, *more], session=session)


def _grouped(wanted: Iterable[tuple[Kind, Key]]) -> Iterable[tuple[Kind, list[Key]]]:
    kinds: dict[Kind, list[Key]] = {}
    for kind, key in wanted:
        kinds.setdefault(kind, []).append(key)
    return kinds.items()


def _records(kind: Kind, keys: Sequence[Key], names: Sequence[str]) -> Term:
    match = at(kind, keys[0])
    if len(keys) > 1:
        ids = list({identity(kind, key) for key in keys})
        firsts = list({key[0] for key in keys})
        match = {"_id": {"$in": ids}, stored_field(kind.key[0]): {"$in": firsts}}
    return kind.name, [{"$match": match}, {"$project": dict.fromkeys(names, 1)}]


def _judged(kind: Kind) -> list[str]:
    extra = kind.columns()[len(kind.key) :]
    return ["version", "shared", *map(stored_field, extra)]


def _occupant(step: Step) -> Term:
    change = step.change
    index = change.index if isinstance(change, RequireEmpty) else None
    mark = {"_id": 0, OCCUPIED: {"$literal": step.place}}
    match = under(step.kind, step.key, index)
    return step.kind.name, [{"$match": match}, {"$limit": 1}, {"$project": mark}]
