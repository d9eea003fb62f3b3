"""Azurite, Microsoft's emulator of Blob Storage, over TLS on loopback; npm brings it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.certificates import Certificate
from tests.servers.seaweed import free_ports

PACKAGE = "azurite@3.37.0"
ACCOUNT = "devstoreaccount1"
# The emulator's well-known key.
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
INSTALL_SECONDS = 300
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running emulator: its port, and the certificate it speaks TLS with."""

    port: int
    certificate: Certificate

    @property
    def endpoint(self) -> str:
        """Address of the account's blob service."""
        return f"https://127.0.0.1:{self.port}/{ACCOUNT}"


@contextmanager
def azurite(certificate: Certificate, directory: Path) -> Iterator[Azurite]:
    """Start the emulator, or skip when npm cannot bring it."""
    program = _program()
    (port,) = free_ports(1)
    arguments = [
        *("--blobHost", "127.0.0.1", "--blobPort", str(port)),
        *("--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
        *("--oauth", "basic", "--cert", str(certificate.chain), "--key", str(certificate.key)),
    ]
    log = directory / "azurite.log"
    with log.open("wb") as out:
        process = subprocess.Popen([program, *arguments], stdout=out, stderr=subprocess.STDOUT)
    try:
        _await(process, port, log)
        yield Azurite(port, certificate)
    finally:
        process.terminate()
        process.wait(10)


def _program() -> str:
    """Find the emulator on the path or in the cache, or let npm put it there."""
    found = shutil.which("azurite-blob")
    if found is not None:
        return found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "pangolin-tests" / PACKAGE
    program = home / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        _install(home)
    return str(program)


def _install(home: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, which brings Azurite")
    home.mkdir(parents=True, exist_ok=True)
    command = [
        npm,
        "install",
        "--silent",
        "--no-fund",
        "--no-audit",
        "--prefix",
        str(home),
        PACKAGE,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if done.returncode:
        pytest.skip(f"npm cannot bring {PACKAGE}: {done.stdout[-500:]}{done.stderr[-500:]}")


def _await(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"Azurite did not start:\n{log.read_text(errors='replace')[-2000:]}")
