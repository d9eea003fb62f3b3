"""The writes of a batch: one command from MongoDB 8.0 on, else one or more per collection."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, ClientBulkWriteException, PyMongoError

from pangolin_mongodb.connection import Connection
from pangolin_mongodb.failures import DUPLICATE_KEY, write_errors

ONE_COMMAND_WIRE = 25


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a collection, and the place in its batch of the change that asked for it."""

    collection: str
    operation: Callable[..., Any]
    arguments: Mapping[str, Any]
    place: int = -1


class Taken(Exception):
    """A key or a unique value is taken; `place` says by which change it was asked for."""

    def __init__(self, place: int, is_key: bool) -> None:
        super().__init__(place)
        self.place = place
        self.is_key = is_key


def write_all(connection: Connection, session: ClientSession, writes: Sequence[Write]) -> None:
    """Write in order; raise `Taken`, or what the driver raises."""
    if writes and takes_one_command(connection):
        return _at_once(connection, session, writes)
    for name, group in groupby(writes, key=lambda write: write.collection):
        _at_one_collection(connection, session, name, list(group))
    return None


def takes_one_command(connection: Connection) -> bool:
    """Return whether the server writes several collections by one command."""
    return (connection.client.topology_description.common_wire_version or 0) >= ONE_COMMAND_WIRE


def _at_once(connection: Connection, session: ClientSession, writes: Sequence[Write]) -> None:
    prefix = connection.database.name
    models = [
        write.operation(**write.arguments, namespace=f"{prefix}.{write.collection}")
        for write in writes
    ]
    try:
        connection.client.bulk_write(models, session=session)
    except ClientBulkWriteException as error:
        raise _meaning(error, writes) from error


def _at_one_collection(
    connection: Connection, session: ClientSession, name: str, writes: Sequence[Write]
) -> None:
    models = [write.operation(**write.arguments) for write in writes]
    try:
        connection.database[name].bulk_write(models, session=session)
    except BulkWriteError as error:
        raise _meaning(error, writes) from error


def _meaning(error: PyMongoError, writes: Sequence[Write]) -> Exception:
    for found in write_errors(error):
        if found.get("code") == DUPLICATE_KEY:
            place = writes[found["index"]].place
            return Taken(place, is_key="_id" in (found.get("keyPattern") or {}))
    return error
