"""One connection per thread, opened on first use and never carried over a fork."""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import peewee

from pangolin.plugin import Unavailable
from pangolin_sql.dialect import connection_of


class Session:
    """A thread's connection; `lock` is held while it is in use, so that others can close it."""

    def __init__(self, database: peewee.Database) -> None:
        self.database = database
        self.connection = connection_of(self.database)
        self.lock = threading.Lock()
        self.open = True
        self._thread = weakref.ref(threading.current_thread())

    def orphaned(self) -> bool:
        """Return whether the thread has ended."""
        thread = self._thread()
        return thread is None or not thread.is_alive()

    def lend(self) -> bool:
        """Take the lock; return False, without it, if the connection is closed."""
        self.lock.acquire()
        if not self.open:
            self.lock.release()
        return self.open

    def close(self) -> None:
        """Close the connection as soon as it is idle."""
        with self.lock:
            self.retire()

    def retire(self) -> None:
        """Close the connection, whose lock the caller holds; the thread then opens another."""
        self.open = False
        self.database.close()


class Process:
    """What belongs to one process: its threads' sessions, and the queue of its writers."""

    def __init__(self) -> None:
        self.local = threading.local()
        self.guard = threading.Lock()
        self.sessions: list[Session] = []
        # SQLite's wait between processes is unfair; threads wait for their turn before it.
        self.writer = threading.Lock()


class ThreadSessions:
    """One connection for each thread of each process."""

    def __init__(self, connect: Callable[[], peewee.Database], timeout: float) -> None:
        self._connect = connect
        self._timeout = timeout
        # An inherited connection must be neither used nor closed: closing one could remove the
        # log that the parent writes. Keeping it by process id also keeps it from being collected.
        self._processes: dict[int, Process] = {}

    def here(self) -> Process:
        """Return what belongs to this process."""
        pid = os.getpid()
        return self._processes.get(pid) or self._processes.setdefault(pid, Process())

    def borrow(self) -> Session:
        """Return this thread's session, opened if necessary, with its lock held."""
        process = self.here()
        session: Session | None = getattr(process.local, "session", None)
        while session is None or not session.lend():
            session = process.local.session = self._open(process)
        return session

    def give_back(self, session: Session) -> None:
        """Release the lock, so that others can close it."""
        session.lock.release()

    @contextmanager
    def use(self) -> Iterator[Session]:
        """Borrow this thread's session for a block."""
        session = self.borrow()
        try:
            yield session
        finally:
            session.lock.release()

    def _open(self, process: Process) -> Session:
        session = Session(self._connect())
        with process.guard:
            orphans = [known for known in process.sessions if known.orphaned()]
            process.sessions = [
                known for known in process.sessions if known.open and known not in orphans
            ]
            process.sessions.append(session)
        for orphan in orphans:
            orphan.close()
        return session

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be this process's writer for a block; raise `Unavailable` if the wait is too long."""
        writer = self.here().writer
        if not writer.acquire(timeout=self._timeout):
            raise Unavailable(f"no turn to write within {self._timeout:g} s")
        try:
            yield
        finally:
            writer.release()

    def close(self) -> None:
        """Close the connections of all threads of this process."""
        process = self.here()
        with process.guard:
            sessions, process.sessions = process.sessions, []
        for session in sessions:
            session.close()
