"""Python as a reader types it: one interpreter that keeps its names from block to block."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Reads one JSON string per line, runs it, and answers [output, traceback or ""].
INTERPRETER = """
import contextlib, io, json, sys, traceback
names, answers = {"__name__": "__main__"}, sys.stdout
for line in sys.stdin:
    out, failure = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(json.loads(line), "block", "exec"), names)
        except BaseException:
            failure = traceback.format_exc()
    print(json.dumps([out.getvalue(), failure]), file=answers, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """A running interpreter."""

    process: "subprocess.Popen[str]"

    def run(self, text: str) -> str:
        """Run a block and return what it prints; an exception fails the test."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the interpreter ended in {text}"
        printed, failure = json.loads(line)
        assert not failure, f"{text}\n{failure}"
        return str(printed)


@contextmanager
def typing(directory: Path, environ: Mapping[str, str]) -> Iterator[Typed]:
    """Run an interpreter in a directory until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", INTERPRETER],
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Typed(process)
        assert process.stdin is not None
        process.stdin.close()
