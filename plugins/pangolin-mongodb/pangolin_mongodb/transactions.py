"""Transactions: run, committed, and retried while that is safe, within a time limit.

Source: MongoDB driver specifications, "Transactions" and "Convenient API for Transactions".
"""

import time
from collections.abc import Callable
from secrets import SystemRandom

from pymongo import ReadPreference
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from pangolin.plugin import OutcomeUnknown, Unavailable
from pangolin_mongodb.connection import MAJORITY, SNAPSHOT, Connection
from pangolin_mongodb.failures import code_of, describe, is_transient, not_applied

SHORTEST_PAUSE = 0.002
LONGEST_PAUSE = 0.05
# The answer of a server that no longer knows a transaction, whether it aborted it or restarted
# after it committed; the driver may have sent the commit before and got no answer.
NO_SUCH_TRANSACTION = 251
RANDOM = SystemRandom()
Work = Callable[[ClientSession], None]


class Collision(Exception):
    """Another transaction was faster; nothing was applied."""


def run(connection: Connection, work: Work, collided: Callable[[], None]) -> None:
    """Run work in a transaction until it commits; `collided` is called after each collision.

    Errors raised: what `work` raises, `errors.Unavailable`, `errors.OutcomeUnknown`.
    """
    give_up = time.monotonic() + connection.seconds
    longest = SHORTEST_PAUSE
    while True:
        try:
            return run_once(connection, work, give_up)
        except Collision as collision:
            pause = RANDOM.uniform(0, longest)
            longest = min(LONGEST_PAUSE, 2 * longest)
            if time.monotonic() + pause > give_up:
                raise _crowded() from collision
        collided()
        time.sleep(pause)


def _crowded() -> Unavailable:
    return Unavailable("too many writers of the same records; nothing was written, try again")


def run_once(connection: Connection, work: Work, give_up: float) -> None:
    """Run work in a transaction; raise `Collision` if it may be run again."""
    with connection.client.start_session(causal_consistency=False) as session:
        try:
            session.start_transaction(SNAPSHOT, MAJORITY, ReadPreference.PRIMARY)
            work(session)
        except PyMongoError as error:
            if is_transient(error):
                raise Collision from error
            raise not_applied(error) from error
        _commit(session, give_up)


def _commit(session: ClientSession, give_up: float) -> None:
    while True:
        try:
            return session.commit_transaction()
        except PyMongoError as error:
            forgotten = code_of(error) == NO_SUCH_TRANSACTION
            if error.has_error_label("TransientTransactionError") and not forgotten:
                raise Collision from error
            unsure = error.has_error_label("UnknownTransactionCommitResult")
            if not unsure or error.timeout or time.monotonic() > give_up:
                what = "MongoDB did not say whether it committed"
                raise OutcomeUnknown(f"{what}: {describe(error)}") from error
        time.sleep(RANDOM.uniform(0, LONGEST_PAUSE))
