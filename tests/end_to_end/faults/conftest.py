"""A server of its own for each test, since the test breaks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.conftest import root
from tests.end_to_end.concurrency.serving import Farm, farm
from tests.servers.stores import StoreEnviron

__all__ = ["root"]


@pytest.fixture
def server(tmp_path: Path, store_environ: StoreEnviron) -> Iterator[Farm]:
    """Serve an empty data directory with three workers."""
    with farm(tmp_path, workers=3, **store_environ()) as running:
        yield running
