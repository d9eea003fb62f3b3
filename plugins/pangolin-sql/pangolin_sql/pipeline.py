"""Statements on libpq's own pipeline: several in one round trip, at half the driver's cost.

The driver's own pipeline costs four times the CPU, and does not say which statement failed.
"""

import select
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import count

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from pangolin.plugin import Scalar
from pangolin_sql.dialect import Ask, Row

PREPARED = 500
INTEGERS = frozenset({20, 21, 23})
NO_RESULT = "the server sent no result"
GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Failed(Exception):
    """The statement at a place failed and none after it was run; `error` is the driver's error.

    The last one may still have been run, and any of them if `error` is not the server's.
    """

    def __init__(self, at: int, error: psycopg.Error) -> None:
        super().__init__(at, error)
        self.at = at
        self.error = error


class Pipeline:
    """Runs statements on one connection, preparing those that are repeated."""

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._seen: set[str] = set()
        self._sent: dict[str, bytes] = {}
        self._prepared: dict[str, bytes] = {}
        self._names = count(1)

    def run(self, asks: Sequence[Ask]) -> list[PGresult]:
        """Run statements in one round trip; raise `Failed`, and no other error of the driver."""
        at = 0
        results: list[PGresult] = []
        try:
            fresh = self._say(asks)
            for at, name in enumerate(fresh):
                if name:
                    self._result()
                    self._prepared[asks[at][0]] = name
                results.append(self._result())
            self._end()
        except psycopg.Error as error:
            self._drain()
            raise Failed(at, error) from error
        return results

    def _say(self, asks: Sequence[Ask]) -> list[bytes]:
        self._sent = {}
        try:
            self._pgconn.enter_pipeline_mode()
            fresh = [self._send(sql, values) for sql, values in asks]
            self._pgconn.pipeline_sync()
            self._flush()
        except psycopg.Error:
            # Without the sync, no answer would ever arrive.
            self._pgconn.finish()
            raise
        return fresh

    def _end(self) -> None:
        # A server that is stopped while it commits does both, and reports it here.
        end = self._next()
        if end is None or end.status != ExecStatus.PIPELINE_SYNC:
            raise error_from_result(end) if end else psycopg.OperationalError(NO_RESULT)
        self._pgconn.exit_pipeline_mode()

    def _send(self, sql: str, values: Sequence[Scalar | None]) -> bytes:
        parameters = [None if value is None else str(value).encode() for value in values]
        name = self._prepared.get(sql) or self._sent.get(sql)
        fresh = b"" if name else self._prepare(sql)
        if name or fresh:
            self._pgconn.send_query_prepared(name or fresh, parameters)
        else:
            self._pgconn.send_query_params(numbered(sql), parameters)
        return fresh

    def _prepare(self, sql: str) -> bytes:
        # A statement that is run once is not worth preparing, and BEGIN and COMMIT never are.
        if sql not in self._seen or "%s" not in sql:
            if len(self._seen) < PREPARED:
                self._seen.add(sql)
            return b""
        name = self._sent[sql] = b"pangolin_%d" % next(self._names)
        self._pgconn.send_prepare(name, numbered(sql))
        return name

    def _result(self) -> PGresult:
        result = self._next()
        if result is None:
            raise psycopg.OperationalError(NO_RESULT)
        if result.status not in GOOD:
            raise error_from_result(result)
        # Each statement's results end with a None.
        self._next()
        return result

    def _drain(self) -> None:
        # What follows a failure says only that it was skipped; after two Nones nothing follows.
        ended = False
        with suppress(psycopg.Error):
            while self._pgconn.status == ConnStatus.OK:
                result = self._next()
                if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
                    self._pgconn.exit_pipeline_mode()
                    return
                if ended and result is None:
                    break
                ended = result is None
        self._pgconn.finish()

    def _flush(self) -> None:
        while self._pgconn.flush():
            # A server that waits for its answers to be read accepts no more statements.
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                self._pgconn.consume_input()

    def _next(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _wait(self, events: int) -> int:
        watch = select.poll()
        watch.register(self._pgconn.socket, events)
        return watch.poll()[0][1]


def rows_of(result: PGresult) -> list[Row]:
    """Read the rows of a result: integers, and text as it came."""
    readers = [int if result.ftype(at) in INTEGERS else bytes for at in range(result.nfields)]
    value = result.get_value
    return [
        tuple([read(value(row, at) or b"") for at, read in enumerate(readers)])
        for row in range(result.ntuples)
    ]


@lru_cache(maxsize=2 * PREPARED)
def numbered(sql: str) -> bytes:
    """Write the parameters as the server's protocol does: $1, $2, ..."""
    first, *rest = sql.split("%s")
    return "".join([first, *(f"${at}{part}" for at, part in enumerate(rest, 1))]).encode()
