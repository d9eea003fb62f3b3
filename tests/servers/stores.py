"""The store that a live server of a test keeps its records in, chosen by `--store`."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.servers.keys import SECRET_KEYS

if TYPE_CHECKING:
    from tests.servers.mongodb import MongoServer
    from tests.servers.postgres import Postgres

STORES = ("sqlite", "postgresql", "mongodb")
NOT_OURS = "the server that PANGOLIN_TEST_MONGODB_URL names is not ours to stop"
StoreEnviron = Callable[[], dict[str, str]]


@dataclass(slots=True)
class Database:
    """What many stores share, a server or a directory; without a `process` it cannot be stopped."""

    name: str
    url: str
    process: "Postgres | MongoServer | None"

    def new_url(self, options: str = "") -> str:
        """Build the URL of an empty store of its own; options are joined by `&`."""
        name = f"pangolin_test_{uuid.uuid4().hex[:12]}"
        if self.name == "sqlite":
            return f"{self.url}/{name}.db"
        address, _, given = self.url.partition("?")
        if self.name == "postgresql":
            place, given = address, f"schema={name}"
        else:
            scheme, _, hosts = address.partition("://")
            place = f"{scheme}://{hosts.partition('/')[0]}/{name}"
        joined = "&".join(filter(None, (given, options)))
        return f"{place}?{joined}" if joined else place

    def kill9(self) -> None:
        """Kill every process of the server outright."""
        self.own.kill9()

    def start(self) -> None:
        """Start the server again, on the port it had."""
        self.own.start()

    def restart(self) -> None:
        """Shut the server down cleanly under its clients (PostgreSQL's fast mode); start it."""
        self.own.stop()
        self.own.start()

    @property
    def own(self) -> "Postgres | MongoServer":
        """The server, if a test may stop it; the test is skipped otherwise."""
        if self.process is None:
            pytest.skip(NOT_OURS)
        return self.process

    def environ(self, options: str = "") -> dict[str, str]:
        """Return the environment of a server whose store is empty, with a catalog `lakehouse`."""
        return {
            "PANGOLIN_STORE_URL": self.new_url(options),
            "PANGOLIN_DEFAULT_CATALOG": "lakehouse",
            "PANGOLIN_SECRET_KEYS": SECRET_KEYS,
        }


@contextmanager
def database(name: str, *, lasting: bool = False, own: bool = False) -> Iterator[Database]:
    """Run a database server until the block ends, or use the one that a variable names.

    With `lasting` it loses nothing when it is killed; with `own` no variable is asked.
    """
    with TemporaryDirectory(prefix=f"{name}-") as place:
        # PostgreSQL runs as another user when the tests run as root.
        Path(place).chmod(0o755)
        made = _start(name, Path(place) / "server", lasting=lasting, own=own)
        try:
            yield made
        finally:
            if made.process is not None:
                made.process.stop()


def _start(name: str, directory: Path, *, lasting: bool, own: bool) -> Database:
    if name == "sqlite":
        directory.mkdir()
        return Database(name, f"sqlite:///{directory}", None)
    # Every test session reads this module, also where no driver is installed.
    if name == "postgresql":
        return _start_postgres(directory)
    return _start_mongodb(directory, lasting=lasting, own=own)


def _start_postgres(directory: Path) -> Database:
    from tests.servers.postgres import start_postgres

    process = start_postgres(directory)
    return Database("postgresql", process.url, process)


def _start_mongodb(directory: Path, *, lasting: bool, own: bool) -> Database:
    from tests.servers.mongodb import VARIABLE, start_mongodb

    if not own and (url := os.environ.get(VARIABLE)):
        return Database("mongodb", url, None)
    options = ("--sync-on-commit",) if lasting else ()
    process = start_mongodb(directory, *options, "--enable-test-commands")
    return Database("mongodb", process.url, process)


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Let a server of our own take no writes until the block ends.

    SecantusDB has no other members; it refuses as a member does that is not the primary any more.
    """
    switch = _postgres_read_only if database.name == "postgresql" else _mongodb_read_only
    switch(database, True)
    yield
    switch(database, False)


def _postgres_read_only(database: Database, on: bool) -> None:
    # The plugin is tested where the driver is not installed, too.
    import psycopg

    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        word = b"on" if on else b"off"
        connection.execute(b"ALTER SYSTEM SET default_transaction_read_only = " + word)
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)


def _mongodb_read_only(database: Database, on: bool) -> None:
    from pymongo import MongoClient

    point: dict[str, object] = {"configureFailPoint": "failCommand"}
    point["mode"] = "alwaysOn" if on else "off"
    if on:
        refused = ["insert", "update", "delete", "bulkWrite", "findAndModify"]
        point["data"] = {"failCommands": refused, "errorCode": 10107}
    with MongoClient[dict[str, object]](database.url) as client:
        client.admin.command(point)


@pytest.fixture(scope="session")
def shared_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The database of the session, for tests that do not harm it."""
    with database(request.config.getoption("store")) as running:
        yield running


@pytest.fixture(scope="session")
def store_environ(request: pytest.FixtureRequest) -> StoreEnviron:
    """A function that gives the environment of a server on an empty store of its own."""
    if request.config.getoption("store") == "sqlite":
        return dict
    shared: Database = request.getfixturevalue("shared_database")
    return shared.environ
