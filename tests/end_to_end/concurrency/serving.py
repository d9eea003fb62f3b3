"""A server that may be killed, in whole or in part, and started again on its data."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.end_to_end.concurrency.wire import BROKEN, Connection, log_in
from tests.servers.live import PASSWORD, clean_environ
from tests.servers.ports import free_port

START_SECONDS = 60
# Tests sign in more often than people do, and their object stores are on this machine.
UNUSUAL = {"PANGOLIN_RATE_LIMIT": "1000000", "PANGOLIN_ENDPOINT_NETWORKS": "loopback"}
STORE, DEFAULT_CATALOG = "PANGOLIN_STORE_URL", "PANGOLIN_DEFAULT_CATALOG"
ROOTS = "PANGOLIN_FILE_ROOTS"
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


@dataclass(slots=True)
class Farm:
    """A master and its workers over one data directory; `environ` is given at each start."""

    directory: Path
    port: int
    workers: int
    environ: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.directory / "pangolin-data"

    @property
    def log(self) -> str:
        """What it has written to stderr since the first start."""
        return (self.directory / "err").read_text()

    @property
    def master(self) -> "subprocess.Popen[bytes]":
        """The running master."""
        assert self.process is not None
        return self.process

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "pangolin.cli", "serve", "--port", str(self.port)]
        with (self.directory / "err").open("ab") as err:
            self.process = subprocess.Popen(
                [*command, "--workers", str(self.workers)],
                cwd=self.directory,
                env=self._environ(),
                stdout=subprocess.DEVNULL,
                stderr=err,
                preexec_fn=obey_permissions,
            )
        self._await_answer()
        if DEFAULT_CATALOG in self.environ:
            self._furnish()

    def run(self, *words: str) -> str:
        """Run a command of `pangolin` with the server's settings; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "pangolin.cli", *words],
            cwd=self.directory,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pids(self) -> list[int]:
        """List the workers' process ids."""
        pid = self.master.pid
        try:
            text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(word) for word in text.split()]

    def kill_worker(self) -> int:
        """Kill one worker outright; return its process id."""
        pid = self.pids()[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill(self) -> None:
        """Kill the master and every worker outright, as a power cut would."""
        for pid in (self.master.pid, *self.pids()):
            os.kill(pid, signal.SIGKILL)
        self.master.wait(30)

    def stop(self, seconds: float = 40) -> int:
        """Ask the master to stop; return its exit code."""
        if self.master.poll() is None:
            self.master.terminate()
        try:
            return self.master.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def connect(self, timeout: float = 60) -> Connection:
        """Open a connection of root's."""
        return Connection(self.url, log_in(self.url, PASSWORD), timeout)

    @property
    def warehouse(self) -> Path:
        """The location of the tables of the catalog `lakehouse`."""
        return self.data / "warehouse"

    def _environ(self) -> dict[str, str]:
        given = {"PANGOLIN_ROOT_PASSWORD": PASSWORD, **UNUSUAL, **self.environ}
        if DEFAULT_CATALOG in given:
            roots = (given.get(ROOTS), str(self.warehouse))
            given[ROOTS] = ":".join(filter(None, roots))
        return clean_environ(self.directory) | given

    def _furnish(self) -> None:
        """Make what a server finds by itself where nobody chose a store."""
        connection = self.connect()
        place = {"type": "file", "root": str(self.warehouse)}
        for kind, body in (
            ("warehouses", {"name": "local", "storage_config": place}),
            ("catalogs", {"name": self.environ[DEFAULT_CATALOG], "warehouse_name": "local"}),
        ):
            made = connection.ask("POST", f"/api/v1/{kind}", body)
            assert made.status in (201, 409), made
        connection.close()

    def _await_answer(self) -> None:
        probe = Connection(self.url, "", timeout=5)
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self.master.poll() is None:
            try:
                probe.ask("GET", "/health/live")
            except BROKEN:
                time.sleep(0.05)
            else:
                probe.close()
                return
        raise AssertionError(self.log)


def obey_permissions() -> None:
    """Make file permissions hold for the program started next, also when root starts it."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextmanager
def farm(directory: Path, workers: int = 3, **environ: str) -> Iterator[Farm]:
    """Run a server in a directory until the block ends."""
    running = Farm(directory, free_port(), workers, environ)
    running.start()
    try:
        yield running
    finally:
        running.stop()
