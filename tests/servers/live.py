"""`pangolin serve` as a user runs it: a process of its own, on a free port."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.headers import basic

PASSWORD = "correct horse"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Live:
    """A running server: its URL, its process and where its output goes."""

    url: str
    process: "subprocess.Popen[bytes]"
    directory: Path

    @property
    def printed(self) -> str:
        """What it has written to stdout so far."""
        return (self.directory / "out").read_text()

    @property
    def logged(self) -> str:
        """What it has written to stderr so far."""
        return (self.directory / "err").read_text()

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        """Ask as root; return (status, body as JSON or text)."""
        sent = {"Authorization": basic("root", PASSWORD), **headers}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        request = Request(self.url + path, data, sent, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, _read(answer)
        except HTTPError as answer:
            return answer.code, _read(answer)


def _read(answer: Any) -> Any:
    text = answer.read().decode()
    return json.loads(text) if text.startswith(("{", "[")) else text


@contextmanager
def serving(directory: Path, environ: Mapping[str, str], *arguments: str) -> Iterator[Live]:
    """Run a server in a directory until the block ends."""
    with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "pangolin.cli", "serve", "--port", "0", *arguments],
            cwd=directory,
            env=clean_environ(directory) | dict(environ),
            stdout=out,
            stderr=err,
        )
    try:
        yield Live(_await_url(process, directory), process, directory)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def clean_environ(directory: Path) -> dict[str, str]:
    """Return the environment of a user who has set nothing."""
    return {"HOME": str(directory), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}


def _await_url(process: "subprocess.Popen[bytes]", directory: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"at (http://\S+)\n", (directory / "out").read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError((directory / "out").read_text() + (directory / "err").read_text())
