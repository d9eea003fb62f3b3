"""Markers: how a batch locks what it only reads.

A MongoDB transaction has snapshot isolation: two transactions that write one document exclude each
other, but a transaction does not notice that what it merely read has been changed by another. So a
batch must write something wherever it requires something, and two batches that only require the
same thing must not write the same document. Three rules ensure this.

1. **A required record without competition** is touched itself (`touched` is increased by one). That
   excludes batches that write the record, and other batches that require it at that moment.

2. **A required record that batches compete for** is shared: after the first collision it gets
   `shared: 32` and 32 markers in the collection `pangolin_marker`. From then on a batch that
   requires it touches one marker, and a batch that writes or deletes it touches all of them. So
   any number of commits to tables of one branch run concurrently, and a fork, which writes the
   branch's line, waits for none of them and misses none: the second to commit fails and is run
   again. A batch learns from the record, in its own snapshot, whether it is shared; sharing it is
   a write of the record, so no batch can have read that it is not while another relied on markers.
   Records that nothing requires, such as tables, cost nothing more to write.

3. **A required absence** (`RequireEmpty`, or ABSENT without a write) is a gate. Every write that
   can bring a record under a new prefix, an insert or a change of an indexed field, touches one of
   16 gates; a batch that requires an absence touches all 16. A write need not know which prefixes
   others require: gates exist per kind and group of tenants (the first key field, hashed to 16
   groups), not per prefix. What an absence excludes beyond its prefix is run again, not refused.
   A commit to an existing table inserts nothing and passes no gate.

A batch that touches all markers would lose every race while many others touch one each. So after a
collision it announces itself by one more document, `… wanted`, outside its transaction, and batches
that touch one wait for a moment when they see it. That is courtesy, not exclusion: no batch waits
for an announcement longer than a second, and it then removes it, as the announcer may have ended.

Each process rotates through a record's markers and a group's gates, from a random start: batches
of one process never collide, and those of two collide rarely and never for long.
Markers are upserted, so that losing their collection costs nothing. They hold no data.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b

from pymongo import DeleteOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from pangolin.plugin import Key, Kind, Scalar
from pangolin_mongodb.connection import Connection
from pangolin_mongodb.documents import at, identity
from pangolin_mongodb.writes import Write, write_all

COLLECTION = "pangolin_marker"
MARKERS = 32
GATES = 16
GROUPS = 16
RAISED = {"update": {"$inc": {"touched": 1}}}


def markers_of(identity: bytes, shared: int) -> list[str]:
    """List the markers of a shared record."""
    return [f"{identity.hex()} {slot}" for slot in range(shared)]


def gates_of(kind: Kind, first: Scalar | None) -> list[str]:
    """List the gates that a record with this first key value passes (None: any record)."""
    return [
        f"{kind.name} {group} {slot}" for group in _groups(kind, first) for slot in range(GATES)
    ]


def _groups(kind: Kind, first: Scalar | None) -> Iterable[int]:
    if not leads(kind):
        return (0,)
    if first is None:
        return range(GROUPS)
    return (blake2b(repr(first).encode(), digest_size=1).digest()[0] % GROUPS,)


def leads(kind: Kind) -> bool:
    """Return whether the first key field leads every order, so that each prefix names its group."""
    return all(index.fields[0] == kind.key[0] for index in kind.indexes.values())


def wanted_record(identity: bytes) -> str:
    """Return the name of the announcement that a batch wants a shared record exclusively."""
    return f"{identity.hex()} wanted"


def wanted_gates(kind: Kind, first: Scalar | None) -> list[str]:
    """Return the names of the announcements that a batch requires an absence."""
    return [f"{kind.name} {group} wanted" for group in _groups(kind, first)]


def announce(connection: Connection, names: Iterable[str]) -> None:
    """Write announcements; an error does no harm, because they only speed things up."""
    with suppress(PyMongoError):
        for name in sorted(names):
            filter_, update = {"_id": name}, {"$set": {"touched": 1}}
            connection.database[COLLECTION].update_one(filter_, update, upsert=True)


def withdraw(connection: Connection, names: Iterable[str]) -> None:
    """Remove announcements, or leave that to the batches that see them."""
    with suppress(PyMongoError):
        connection.database[COLLECTION].delete_many({"_id": {"$in": sorted(names)}})


def touch(markers: Iterable[str]) -> Iterator[Write]:
    """Write markers, in one order for all batches."""
    for marker in sorted(markers):
        yield Write(COLLECTION, UpdateOne, {"filter": {"_id": marker}, **RAISED, "upsert": True})


def remove(markers: Iterable[str]) -> Iterator[Write]:
    """Remove the markers of a record that is deleted."""
    for marker in sorted(markers):
        yield Write(COLLECTION, DeleteOne, {"filter": {"_id": marker}})


def touch_record(kind: Kind, key: Key) -> Write:
    """Write a record without changing it."""
    return Write(kind.name, UpdateOne, {"filter": at(kind, key), **RAISED})


def share(connection: Connection, session: ClientSession, kind: Kind, key: Key) -> None:
    """Make a record shared and create its markers, unless it is already shared or deleted."""
    filter_ = {**at(kind, key), "shared": {"$exists": False}}
    update = {"$set": {"shared": MARKERS}}
    if connection.database[kind.name].update_one(filter_, update, session=session).matched_count:
        wanted = markers_of(identity(kind, key), MARKERS)
        write_all(connection, session, list(touch(wanted)))
