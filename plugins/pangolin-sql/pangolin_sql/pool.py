"""A bounded pool of connections per process, opened on use and never carried over a fork."""

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import peewee
import psycopg
from psycopg.pq import PipelineStatus, TransactionStatus

from pangolin.plugin import Unavailable
from pangolin_sql.dialect import connection_of
from pangolin_sql.pipeline import Failed, Pipeline

OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class Link:
    """One connection of a pool; `closing` counts how often the pool was closed before it opened."""

    def __init__(self, database: peewee.Database, closing: int) -> None:
        self.database = database
        self.connection: psycopg.Connection[tuple[object, ...]] = connection_of(database)
        self.pipeline = Pipeline(self.connection.pgconn)
        self.closing = closing

    def is_idle(self) -> bool:
        """Return whether the connection is open and no statement or transaction is."""
        pgconn = self.connection.pgconn
        if self.connection.closed or pgconn.pipeline_status != PipelineStatus.OFF:
            return False
        return pgconn.transaction_status == TransactionStatus.IDLE

    def is_alive(self) -> bool:
        """Return whether the server has not hung up since the connection was last used."""
        if not self.has_heard():
            return True
        # It may also have sent a notice, which nothing follows; a farewell is followed by the end.
        with suppress(psycopg.Error):
            self.connection.pgconn.consume_input()
            return not self.has_heard()
        return False

    def roll_back(self) -> None:
        """Roll back what is open; the pool does not keep a connection that cannot."""
        # Not through the driver, which would forget all prepared statements.
        if self.connection.pgconn.transaction_status in OPEN:
            with suppress(Failed):
                self.pipeline.run([("ROLLBACK", ())])

    def has_heard(self) -> bool:
        """Return whether the server sent something unrequested: most likely a farewell."""
        watch = select.poll()
        watch.register(self.connection.fileno(), select.POLLIN)
        return bool(watch.poll(0))


class Process:
    """What belongs to one process: idle links, the newest last, and room for more."""

    def __init__(self, size: int) -> None:
        self.room = threading.BoundedSemaphore(size)
        self.guard = threading.Lock()
        self.idle: list[Link] = []
        self.closings = 0


class Pool:
    """Lend at most `size` connections at a time; wait at most `timeout` seconds for one."""

    def __init__(
        self, connect: Callable[[], peewee.Database], size: int, timeout: float, name: str
    ) -> None:
        self._connect = connect
        self._size = size
        self._timeout = timeout
        self._name = name
        # An inherited connection must be neither used nor closed: the parent still uses it.
        self._processes: dict[int, Process] = {}

    def here(self) -> Process:
        """Return what belongs to this process."""
        pid = os.getpid()
        return self._processes.get(pid) or self._processes.setdefault(pid, Process(self._size))

    def borrow(self) -> Link:
        """Take an idle connection that still works, or open one."""
        process = self.here()
        if not process.room.acquire(timeout=self._timeout):
            raise Unavailable(
                f"{self._name}: none of {self._size} connections (pool_size) was free"
                f" within {self._timeout:g} s (pool_timeout)"
            )
        try:
            return self._take(process)
        except BaseException:
            process.room.release()
            raise

    def give_back(self, link: Link) -> None:
        """Keep a connection for the next caller, unless it is broken or something is open on it."""
        process = self.here()
        with process.guard:
            keep = link.closing == process.closings and link.is_idle()
            if keep:
                process.idle.append(link)
        if not keep:
            _discard(link)
        process.room.release()

    @contextmanager
    def use(self) -> Iterator[Link]:
        """Borrow a connection for a block."""
        link = self.borrow()
        try:
            yield link
        finally:
            self.give_back(link)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let every thread write: the database orders them."""
        yield

    def close(self) -> None:
        """Close idle connections now and lent ones when they come back."""
        process = self.here()
        with process.guard:
            idle, process.idle = process.idle, []
            process.closings += 1
        for link in idle:
            _discard(link)

    def _take(self, process: Process) -> Link:
        while True:
            with process.guard:
                closing = process.closings
                link = process.idle.pop() if process.idle else None
            if link is None:
                return Link(self._connect(), closing)
            if link.is_alive():
                return link
            _discard(link)


def _discard(link: Link) -> None:
    # Not through peewee, which would roll back first, on a connection that may be dead.
    link.connection.close()
