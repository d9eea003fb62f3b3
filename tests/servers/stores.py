"""The store that a live server of a test keeps its records in, chosen by `--store`."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers.mongodb import VARIABLE, MongoServer, start_mongodb
from tests.servers.postgres import Postgres, start_postgres

STORES = ("sqlite", "postgresql", "mongodb")
NOT_OURS = f"the server that {VARIABLE} names is not ours to stop"
StoreEnviron = Callable[[], dict[str, str]]


@dataclass(slots=True)
class Database:
    """A database server that many stores share; `process` is None if it is not ours."""

    name: str
    url: str
    process: Postgres | MongoServer | None

    def new_url(self, options: str = "") -> str:
        """Build the URL of an empty store of its own; options are joined by `&`."""
        name = f"pangolin_test_{uuid.uuid4().hex[:12]}"
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

    @property
    def own(self) -> Postgres | MongoServer:
        """The server, if a test may stop it; the test is skipped otherwise."""
        if self.process is None:
            pytest.skip(NOT_OURS)
        return self.process

    def environ(self, options: str = "") -> dict[str, str]:
        """Give the environment of a server whose store is empty, with a catalog `lakehouse`."""
        url = self.new_url(options)
        return {"PANGOLIN_STORE_URL": url, "PANGOLIN_DEFAULT_CATALOG": "lakehouse"}


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
    if name == "postgresql":
        postgres = start_postgres(directory)
        return Database(name, postgres.url, postgres)
    if not own and (url := os.environ.get(VARIABLE)):
        return Database(name, url, None)
    options = ("--sync-on-commit",) if lasting else ()
    mongodb = start_mongodb(directory, *options, "--enable-test-commands")
    return Database(name, mongodb.url, mongodb)


@pytest.fixture(scope="session")
def store_environ(request: pytest.FixtureRequest) -> Iterator[StoreEnviron]:
    """A function that gives the environment of a server on an empty store of its own."""
    name = request.config.getoption("store")
    if name == "sqlite":
        yield dict
        return
    with database(name) as running:
        yield running.environ
