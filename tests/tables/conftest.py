"""A catalog with the namespace `db`, without a server."""

from pathlib import Path

import pytest

from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from tests.worlds.one_catalog import context_on


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """Root's view of the catalog `lake`."""
    made = context_on(tmp_path)
    namespaces.create(made, "lake", ["db"], {})
    return made
