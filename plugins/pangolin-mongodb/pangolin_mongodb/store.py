"""The record store on MongoDB."""

from collections.abc import Sequence

import pymongo
from pymongo.errors import PyMongoError

from pangolin.plugin import (
    Change,
    Delete,
    Inspection,
    Key,
    Kind,
    Page,
    Record,
    Settings,
    Store,
    Unavailable,
)
from pangolin_mongodb import deployment
from pangolin_mongodb.batch import Batch
from pangolin_mongodb.connection import COMMITTED, Connection, Connections
from pangolin_mongodb.documents import BODY, Stored, at, field, identity, to_record
from pangolin_mongodb.failures import of_lone_write, reading
from pangolin_mongodb.layout import create, lay_out, missing_indexes
from pangolin_mongodb.lone import write_alone
from pangolin_mongodb.markers import COLLECTION
from pangolin_mongodb.queries import beyond, sort_of, under
from pangolin_mongodb.reads import read_records
from pangolin_mongodb.steps import prepare

PING_SECONDS = 5.0


class MongoStore(Store):
    """A store in one MongoDB database; connected on first use in each process."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def setup(self, kinds: Sequence[Kind]) -> None:
        """Create or extend collections and indexes; raise `BadRequest` for an unfit server."""
        # A client of its own, so that a server that sets up before it forks has none open then.
        connection = self._connections.fresh()
        try:
            with reading():
                deployment.refuse_unfit(connection.client.admin.command("hello"))
                # A transaction over several shards cannot create what it writes to.
                create(connection.database, COLLECTION)
                for kind in kinds:
                    lay_out(connection.database, kind)
        finally:
            connection.client.close()

    def get(self, kind: Kind, key: Key) -> Record | None:
        """Read one record."""
        filter_ = at(kind, kind.checked_key(key))
        with reading(), self._connections.bounded() as connection:
            collection = connection.database[kind.name].with_options(read_concern=COMMITTED)
            found = collection.find_one(filter_, BODY)
        return to_record(found) if found else None

    def get_many(self, wanted: Sequence[tuple[Kind, Key]]) -> list[Record | None]:
        """Read several records in one round trip, as of one moment, whatever their kinds."""
        checked = [(kind, kind.checked_key(key)) for kind, key in wanted]
        with reading(), self._connections.bounded() as connection:
            found = read_records(connection.database, checked, list(BODY))
        rows = (found.get(identity(kind, key)) for kind, key in checked)
        return [to_record(row) if row else None for row in rows]

    def page(
        self,
        kind: Kind,
        prefix: Key = (),
        *,
        index: str | None = None,
        after: Key | None = None,
        limit: int = 100,
        reverse: bool = False,
    ) -> Page:
        """Read one page of an order, as of one moment."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        filter_ = beyond(kind, prefix, index, after or (), reverse)
        order = sort_of(kind, index, reverse)
        records = [to_record(row) for row in self._find(kind, filter_, order, limit + 1)]
        if len(records) <= limit:
            return Page(records, None)
        last = records[limit - 1].doc
        return Page(records[:limit], tuple(last[name] for name in kind.order(index)[len(prefix) :]))

    def find(self, kind: Kind, index: str, values: Key) -> Record | None:
        """Read the first record whose index fields equal `values`."""
        rows = self._find(kind, under(kind, values, index), sort_of(kind, index), 1)
        return to_record(rows[0]) if rows else None

    def count(self, kind: Kind, prefix: Key = (), *, index: str | None = None) -> int:
        """Count the records under a prefix; the server reads index entries only."""
        filter_ = under(kind, prefix, index)
        with reading(), self._connections.bounded() as connection:
            return connection.database[kind.name].count_documents(filter_)

    def apply(self, *changes: Change) -> None:
        """Apply all changes or none."""
        steps = prepare(changes)
        if not steps:
            return
        with self._connections.bounded() as connection:
            if len(steps) == 1 and write_alone(connection, steps[0]):
                return
            Batch(steps, connection).apply()

    def purge(self, kind: Kind, prefix: Key, *, batch: int = 200) -> int:
        """Delete everything under a key prefix, `batch` records at a time."""
        filter_ = under(kind, prefix, None)
        total = 0
        while True:
            with self._connections.bounded() as connection:
                found, gone = _purge_some(connection, kind, filter_, batch)
            # Shared records have markers that are removed with them.
            shared = [row for row in found if "shared" in row]
            for row in shared:
                self.apply(Delete(kind, tuple(row[field(name)] for name in kind.key)))
            total += gone + len(shared)
            if len(found) < batch and gone + len(shared) == len(found):
                return total

    def inspect(self, kinds: Sequence[Kind]) -> Sequence[Inspection]:
        """Return the version, the members, the clock and which indexes are missing."""
        with reading(), self._connections.bounded() as connection:
            found = [*deployment.inspect(connection.client)]
            for kind in kinds:
                found += _index_problems(connection, kind)
        return found

    def ping(self) -> None:
        """Raise `errors.Unavailable` if there is no writable primary."""
        seconds = min(PING_SECONDS, self._connections.seconds)
        with reading(), pymongo.timeout(seconds):
            hello = self._connections.here().client.admin.command("hello")
        if not hello.get("isWritablePrimary"):
            raise Unavailable("this MongoDB deployment has no writable primary")

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones."""
        self._connections.close()

    def _find(
        self, kind: Kind, filter_: Stored, order: list[tuple[str, int]], limit: int
    ) -> list[Stored]:
        with reading(), self._connections.bounded() as connection:
            # One batch is one round trip, if it is below 16 MiB.
            found = connection.database[kind.name].find(filter_, BODY, sort=order, limit=limit)
            return list(found.batch_size(limit + 1))


def _purge_some(
    connection: Connection, kind: Kind, filter_: Stored, limit: int
) -> tuple[list[Stored], int]:
    collection = connection.database[kind.name]
    names = {"shared": 1, **{field(name): 1 for name in kind.key}}
    with reading():
        found = list(collection.find(filter_, names, limit=limit).batch_size(limit + 1))
    plain = [row["_id"] for row in found if "shared" not in row]
    if not plain:
        return found, 0
    unshared = {**filter_, "_id": {"$in": plain}, "shared": {"$exists": False}}
    try:
        return found, collection.delete_many(unshared).deleted_count
    except PyMongoError as error:
        raise of_lone_write(error) from error


def _index_problems(connection: Connection, kind: Kind) -> list[Inspection]:
    missing = missing_indexes(connection.database, kind)
    remedy = "restart the server, or run `pangolin upgrade`: both build what is missing"
    part = f"indexes of {kind.name}"
    return [Inspection(part, problem=f"missing: {', '.join(missing)}", remedy=remedy)][
        : bool(missing)
    ]


def open_mongodb(url: str, settings: Settings) -> Store:
    """Make a store that connects on first use; raise `BadRequest` for a bad URL."""
    return MongoStore(Connections(url, settings.request_timeout))
