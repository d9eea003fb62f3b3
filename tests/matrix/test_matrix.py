"""Every route, asked by every sort of principal, answers as its row says."""

from pathlib import Path

import pytest

from tests.matrix.asking import ask, routes
from tests.matrix.rows import ROWS
from tests.matrix.world import COLUMNS, World, build


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all; each cell begins with its records as they were made."""
    return build(Path(tmp_path_factory.mktemp("matrix")))


def test_every_route_has_a_row() -> None:
    assert routes() == sorted(ROWS)


@pytest.mark.parametrize("route", sorted(ROWS))
def test_a_route_answers_each_principal_as_its_row_says(filled: World, route: str) -> None:
    row = ROWS[route]
    found = {}
    for column in COLUMNS:
        filled.restore()
        found[column] = ask(filled, route, row, column)
    wanted = dict(zip(COLUMNS, map(int, row.statuses.split()), strict=True))
    assert found == wanted
