"""A process with PyIceberg's file IO: reads properties and steps as JSON, says how each went.

It is a process of its own because aiohttp reads which authorities it trusts when it is imported.
"""

import json
import sys
from typing import Any

from pyiceberg.io.fsspec import FsspecFileIO


def run(io: FsspecFileIO, step: str, location: str, size: int = 4) -> object:
    """Take one step; a file's content is its size in bytes of `x`."""
    if step == "write":
        with io.new_output(location).create(overwrite=True) as stream:
            return stream.write(b"x" * size)
    if step == "read":
        with io.new_input(location).open() as stream:
            return len(stream.read())
    if step == "exists":
        return io.new_input(location).exists()
    return io.delete(location)


def answer(io: FsspecFileIO, step: list[Any]) -> object:
    """Return what a step returned, or the name of the error that it raised."""
    try:
        return run(io, *step)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    given = json.load(sys.stdin)
    file_io = FsspecFileIO(given["properties"])
    json.dump([answer(file_io, step) for step in given["steps"]], sys.stdout)
