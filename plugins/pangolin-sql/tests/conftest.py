"""Fixtures of the SQL store's tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A directory that every user may enter and write, unlike `tmp_path`."""
    path = Path(tempfile.mkdtemp(prefix="pangolin-sql-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)
