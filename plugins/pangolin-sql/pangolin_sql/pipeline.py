"""Several statements in one round trip."""

from collections.abc import Iterable
from typing import Any

import psycopg

from pangolin_sql.dialect import Ask

Cursor = psycopg.Cursor[tuple[Any, ...]]


class Failed(Exception):
    """The statement at a place failed; none after it was run."""

    def __init__(self, at: int, error: psycopg.Error) -> None:
        super().__init__(at, error)
        self.at = at
        self.error = error


def run(connection: "psycopg.Connection[tuple[Any, ...]]", asks: Iterable[Ask]) -> list[Cursor]:
    """Run statements in one round trip; raise `Failed` for the first that fails."""
    cursors: list[Cursor] = []
    try:
        with connection.pipeline():
            for sql, values in asks:
                # BEGIN and COMMIT gain nothing from being prepared.
                prepare = None if values else False
                cursors.append(connection.execute(sql, values or None, prepare=prepare))
    except psycopg.Error as error:
        done = (at for at, cursor in enumerate(cursors) if cursor.pgresult is None)
        raise Failed(next(done, len(cursors)), error) from error
    return cursors
