"""What each of PostgreSQL's errors means for who asked."""

import peewee
import psycopg
import pytest
from pangolin_sql.failures import code_of, is_lost, to_domain
from psycopg import errors

from pangolin.plugin import BadRequest, OutcomeUnknown, PangolinError, Unavailable


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.DiskFull("no space left"), "its disk is full"),
        (errors.OutOfMemory("out of shared memory"), "max_locks_per_transaction"),
        (errors.TooManyConnections("sorry"), "too many connections"),
        (errors.ReadOnlySqlTransaction("cannot execute"), "read-only or a standby"),
        (errors.QueryCanceled("canceling statement"), "statement_timeout"),
        (errors.CannotConnectNow("starting up"), "starting or stopping"),
        (errors.InsufficientPrivilege("permission denied"), "permission denied"),
    ],
)
def test_a_server_that_cannot_is_unavailable_with_the_reason(
    error: psycopg.Error, reason: str
) -> None:
    found = to_domain(error, "the database")
    assert isinstance(found, Unavailable)
    assert reason in found.message
    assert found.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("error", "committing", "kind"),
    [
        (psycopg.OperationalError("server closed the connection"), True, OutcomeUnknown),
        (errors.AdminShutdown("terminating connection"), True, OutcomeUnknown),
        (errors.QueryCanceled("canceling the wait for a replica"), True, OutcomeUnknown),
        (errors.IdleInTransactionSessionTimeout("terminating connection"), True, OutcomeUnknown),
        (errors.StatementCompletionUnknown("who knows"), False, OutcomeUnknown),
        (errors.SerializationFailure("could not serialize"), True, Unavailable),
        (errors.AdminShutdown("terminating connection"), False, Unavailable),
        (errors.ProgramLimitExceeded("index row size"), False, BadRequest),
    ],
)
def test_an_outcome_is_unknown_only_if_commit_may_have_been_run(
    error: psycopg.Error, committing: bool, kind: type[PangolinError]
) -> None:
    assert type(to_domain(error, "the database", committing=committing)) is kind


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (errors.AdminShutdown("terminating connection"), True),
        (peewee.OperationalError(psycopg.OperationalError("connection refused")), True),
        (errors.QueryCanceled("canceling statement"), False),
        (errors.UndefinedTable("no table"), False),
        (peewee.ProgrammingError(errors.UndefinedTable("no table")), False),
    ],
)
def test_a_lost_connection_is_told_from_a_refused_statement(error: Exception, lost: bool) -> None:
    assert is_lost(error) is lost


def test_the_code_of_an_error_is_found_below_peewees() -> None:
    assert code_of(peewee.ProgrammingError(errors.UndefinedTable("no table"))) == "42P01"
    assert code_of(psycopg.OperationalError("no server")) == ""
