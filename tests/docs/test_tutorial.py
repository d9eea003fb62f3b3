"""The tutorial is typed from its first block to its last, and prints what it says."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, Block, blocks, shown
from tests.docs.reader import environ_of, install_extensions
from tests.docs.typed import Typed, typing
from tests.servers.ports import free_port

PAGE = DOCS / "tutorial/first-lakehouse.md"
SECONDS = 120
pytestmark = pytest.mark.integration


class Reader:
    """Someone with two terminals: a server in the one, Python in the other."""

    def __init__(self, home: Path) -> None:
        self._lake = home / "lake"
        self._lake.mkdir()
        self._port = free_port()
        self._environ = environ_of(home) | {"PANGOLIN_PORT": str(self._port)}
        self._open = ExitStack()
        self._server: subprocess.Popen[bytes] | None = None
        self._python: Typed | None = None

    def type(self, block: Block) -> str:
        """Run a block and return what it printed."""
        if block.language == "python":
            return self._in_python(block.text.replace("8080", str(self._port)))
        if "pangolin serve" in block.text:
            return self._serve(block.text)
        self.stop()
        return self._in_shell(block.text)

    def stop(self) -> None:
        """Stop the server, as Ctrl-C does."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGINT)
            self._server.wait(SECONDS)
            self._server = None

    def leave(self) -> None:
        """Close both terminals."""
        self.stop()
        self._open.close()

    def _in_python(self, text: str) -> str:
        if self._python is None:
            self._python = self._open.enter_context(typing(self._lake, self._environ))
        return self._python.run(text)

    def _in_shell(self, text: str) -> str:
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", text],
            cwd=self._lake,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _serve(self, text: str) -> str:
        out = self._lake.parent / "out"
        with out.open("wb") as file:
            self._server = subprocess.Popen(
                ["/bin/bash", "-e", "-c", text],
                cwd=self._lake,
                env=self._environ,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS
        while "Pangolin serves" not in out.read_text():
            assert self._server.poll() is None and time.monotonic() < deadline, out.read_text()
            time.sleep(0.05)
        return re.split(r"\n\s*\nPangolin serves", out.read_text())[0]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Someone who has installed everything and done nothing yet."""
    install_extensions(tmp_path)
    someone = Reader(tmp_path)
    yield someone
    someone.leave()


def test_the_tutorial_works_as_it_is_written(reader: Reader) -> None:
    printed = ""
    for block in blocks(PAGE):
        if block.language == "text":
            assert shown(block.text, printed), f"line {block.line} shows otherwise:\n{printed}"
        else:
            printed = reader.type(block)
