"""What was acknowledged is there after a stop and after a kill, and clients just go on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.lake import Lake, on_files
from tests.end_to_end.samples import ARROW, ids, people
from tests.end_to_end.server import Server, start_server

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own."""
    running = start_server(tmp_path)
    yield running
    running.stop()


def stop_and_start(server: Server) -> None:
    server.restart()


def kill_and_start(server: Server) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize("again", [stop_and_start, kill_and_start])
def test_tables_tokens_and_clients_outlive_the_server(
    server: Server, again: Callable[[Server], None]
) -> None:
    storage = on_files(server, "wh")
    server.make("warehouses", name="wh", storage_config=storage.config)
    server.make("catalogs", name="mine", warehouse_name="wh")
    catalog = Lake(server, "mine", storage).catalog()
    catalog.create_namespace("db")
    table = catalog.create_table("db.t", ARROW)
    table.append(people(1))
    again(server)
    table.append(people(2))
    assert ids(catalog.load_table("db.t")) == [1, 2]
    assert "Traceback" not in server.log
