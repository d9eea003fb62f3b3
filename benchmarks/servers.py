"""Servers as processes, and the CPU time their process trees have used."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# A store in memory is filled before its server listens.
START_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where it listens."""

    port: int
    process: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        """Add up user and system time of the master and its workers."""
        return cpu_seconds(self.process.pid)


def cpu_seconds(pid: int) -> float:
    """Add up user and system time of a process and its children that live."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_cpu_seconds(each) for each in (pid, *map(int, children)))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def running(
    directory: Path, environ: Mapping[str, str], port: int, *module: str
) -> Iterator[Server]:
    """Run `python -m` something that listens on a port until the block ends."""
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**os.environ, **environ},
            stdout=log,
            stderr=log,
        )
    server = Server(port, process)
    try:
        _await(server, directory)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _await(server: Server, directory: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and server.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                # The workers import for a while after the master listens.
                time.sleep(2)
                return
        time.sleep(0.05)
    raise SystemExit((directory / "log").read_text())


def free_port() -> int:
    """Find a port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
