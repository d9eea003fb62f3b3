"""A lone write that depends on one document only: no transaction, one round trip."""

from pymongo.errors import PyMongoError

from pangolin.plugin import ANY, Delete, Put, Version
from pangolin_mongodb.connection import Connection
from pangolin_mongodb.documents import Stored, at
from pangolin_mongodb.failures import is_transient, of_lone_write
from pangolin_mongodb.steps import Step

ABSENT_FIELD = {"$exists": False}


def write_alone(connection: Connection, step: Step) -> bool:
    """Write a step if it is the whole batch and its condition fits into one filter.

    False means that nothing was written and that a transaction has to judge: the record is not at
    the version, or batches share it (see `markers`), or an index entry changes (so that the write
    must pass a gate). Errors raised: `errors.Unavailable`, `errors.OutcomeUnknown`.
    """
    change = step.change
    if isinstance(change, Put) and isinstance(change.expect, Version):
        indexed = {k: ABSENT_FIELD if v is None else v for k, v in step.indexed().items()}
        return _write(connection, step, {**_unshared(step), **indexed, "version": change.expect})
    if isinstance(change, Delete) and isinstance(change.expect, Version):
        return _write(connection, step, {**_unshared(step), "version": change.expect})
    is_free = isinstance(change, Delete) and change.expect is ANY
    return is_free and _write(connection, step, _unshared(step))


def _unshared(step: Step) -> Stored:
    return {**at(step.kind, step.key), "shared": ABSENT_FIELD}


def _write(connection: Connection, step: Step, filter_: Stored) -> bool:
    collection = connection.database[step.kind.name]
    try:
        if step.stored:
            return collection.replace_one(filter_, step.stored).matched_count == 1
        return collection.delete_one(filter_).deleted_count == 1
    except PyMongoError as error:
        if is_transient(error):
            return False
        raise of_lone_write(error) from error
