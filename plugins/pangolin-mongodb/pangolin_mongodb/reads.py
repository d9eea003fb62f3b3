"""Reads of several collections, as of one moment.

Outside a transaction one command does it: `$unionWith`, each of whose parts begins with a `$match`
on `_id`. Inside one MongoDB refuses `$unionWith` (its manual: "Restrictions"; error 263), so that
each collection is read by its own `find`; the transaction's snapshot is the moment.
"""

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


@dataclass(slots=True)
class State:
    """What a batch found: records by `_id` (without `doc`), and places of non-empty prefixes.

    `wanted` are the existing announcements (see `markers`).
    """

    found: dict[bytes, Stored] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    occupied: set[int] = field(default_factory=set)


def read_records(
    database: Database[Stored], wanted: Sequence[tuple[Kind, Key]], names: Sequence[str]
) -> dict[bytes, Stored]:
    """Read records of several kinds; return some fields of each by `_id`."""
    groups = _grouped(wanted)
    if not groups:
        return {}
    # The deepest key belongs to what grows most. It leads, because servers that only speak
    # MongoDB's protocol may use an index for the first `$match` alone.
    (kind, keys), *rest = sorted(groups.items(), key=lambda group: -len(group[0].key))
    more = [
        {"$unionWith": {"coll": other.name, "pipeline": _stages(other, theirs, names)}}
        for other, theirs in rest
    ]
    rows = database[kind.name].aggregate([*_stages(kind, keys, names), *more])
    return {row["_id"]: row for row in rows}


def read_state(
    database: Database[Stored],
    steps: Sequence[Step],
    announcements: Iterable[str],
    session: ClientSession,
) -> State:
    """Read what the steps depend on, and which of the announcements exist."""
    state = State()
    for row in _judged(database, steps, session):
        state.found[row["_id"]] = row
    for step in steps:
        if not step.id and _is_occupied(database, step, session):
            state.occupied.add(step.place)
    if names := sorted(announcements):
        rows = database[COLLECTION].find({"_id": {"$in": names}}, {"_id": 1}, session=session)
        state.wanted.update(str(row["_id"]) for row in rows)
    return state


def _judged(
    database: Database[Stored], steps: Sequence[Step], session: ClientSession
) -> Iterator[Stored]:
    keyed = [(step.kind, step.key) for step in steps if step.id]
    for kind, keys in _grouped(keyed).items():
        extra = map(stored_field, kind.columns()[len(kind.key) :])
        names = dict.fromkeys(("version", "shared", *extra), 1)
        rows = database[kind.name].find(_these(kind, keys), names, session=session)
        # One batch is one round trip.
        yield from rows.batch_size(len(keys) + 1)


def _is_occupied(database: Database[Stored], step: Step, session: ClientSession) -> bool:
    change = step.change
    index = change.index if isinstance(change, RequireEmpty) else None
    filter_ = under(step.kind, step.key, index)
    return database[step.kind.name].find_one(filter_, {"_id": 1}, session=session) is not None


def _grouped(wanted: Iterable[tuple[Kind, Key]]) -> dict[Kind, list[Key]]:
    kinds: dict[Kind, list[Key]] = {}
    for kind, key in wanted:
        kinds.setdefault(kind, []).append(key)
    return kinds


def _stages(kind: Kind, keys: Sequence[Key], names: Sequence[str]) -> list[Stored]:
    return [{"$match": _these(kind, keys)}, {"$project": dict.fromkeys(names, 1)}]


def _these(kind: Kind, keys: Sequence[Key]) -> Stored:
    if len(keys) == 1:
        return at(kind, keys[0])
    ids = list({identity(kind, key) for key in keys})
    firsts = list({key[0] for key in keys})
    return {"_id": {"$in": ids}, stored_field(kind.key[0]): {"$in": firsts}}
