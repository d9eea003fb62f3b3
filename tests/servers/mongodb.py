"""A MongoDB server for tests: the replica set that a variable names, or one of our own.

`PANGOLIN_TEST_MONGODB_URL` names a real replica set (its databases called `pangolin_test_…` are
dropped). Otherwise SecantusDB is started: a server that speaks MongoDB's protocol over WiredTiger,
with transactions and snapshot isolation. It is a test tool in a process of its own; nothing of it
is imported, and the plugin does not depend on it.
"""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest
from pymongo import MongoClient

VARIABLE = "PANGOLIN_TEST_MONGODB_URL"
PROGRAM = "secantusd-py"
START_SECONDS = 30.0


@dataclass(slots=True)
class MongoServer:
    """A SecantusDB process on loopback whose files outlive it; `start` it again after `kill9`."""

    directory: Path
    options: tuple[str, ...] = ()
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL without a database."""
        return f"mongodb://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> "MongoServer":
        """Start and wait until it answers; on the same port and files as before."""
        program = _program()
        if program is None:
            pytest.skip(f"neither {VARIABLE} is set nor is SecantusDB installed")
        self.port = self.port or _free_port()
        self.directory.mkdir(parents=True, exist_ok=True)
        place = [f"--port={self.port}", f"--storage-path={self.directory / 'data'}"]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, *place, "--log-level=ERROR", *self.options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
            )
        self._await()
        return self

    def stop(self) -> None:
        """End the process in order."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """End the process as a power cut would end it."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None

    def _await(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        log = (self.directory / "log").read_text(errors="replace")
        pytest.fail(f"SecantusDB did not start:\n{log[-2000:]}")


def start_mongodb(directory: Path, *options: str) -> MongoServer:
    """Start a server that keeps its files in a directory.

    `--standalone` makes it no replica set; `--sync-on-commit` makes it keep what it acknowledged
    when it is killed, which `mongod` always does for majority writes.
    """
    return MongoServer(directory, options).start()


@pytest.fixture(scope="session")
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a replica set that lives as long as the session."""
    if url := os.environ.get(VARIABLE):
        yield url
        return
    server = start_mongodb(tmp_path_factory.mktemp("mongodb"))
    ended = Event()
    expiring = Thread(target=expire_transactions, args=(server.url, ended))
    expiring.start()
    yield server.url
    ended.set()
    expiring.join()
    server.stop()


def expire_transactions(url: str, ended: Event) -> None:
    """Begin a transaction now and then.

    `mongod` aborts transactions of clients that vanished after 60 s, by a thread of its own;
    SecantusDB does so only when another transaction sends something.
    """
    with MongoClient[dict[str, object]](url) as client:
        while not ended.wait(1.0):
            with client.start_session() as session, session.start_transaction():
                client.expiry.nothing.find_one(session=session)


def _program() -> str | None:
    return shutil.which(PROGRAM, path=sysconfig.get_path("scripts")) or shutil.which(PROGRAM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
