"""PyIceberg deletes what leaves a table's metadata log: never what another ref still shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.lake import Lake, on_files
from tests.end_to_end.samples import ARROW, ids, people
from tests.end_to_end.server import start_server

pytestmark = pytest.mark.end_to_end
ASKED = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "1",
}
TABLE = ("db", "t")


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A catalog on a server of the test's own, which it may restart."""
    server = start_server(tmp_path)
    storage = on_files(server, "wh")
    server.make("warehouses", name="wh", storage_config=storage.config)
    server.make("catalogs", name="mine", warehouse_name="wh")
    yield Lake(server, "mine", storage)
    server.stop()


def append(lake: Lake, ref: str, *numbers: int) -> None:
    for number in numbers:
        lake.catalog(ref).load_table(TABLE).append(people(number))


def test_every_ref_is_read_after_commits_that_delete_old_metadata(lake: Lake) -> None:
    catalog = lake.catalog()
    catalog.create_namespace("db")
    catalog.create_table(TABLE, ARROW, properties=ASKED).append(people(1))
    lake.tag("keep")
    lake.branch("dev")
    append(lake, "", 2, 3, 4, 5)
    append(lake, "dev", 12, 13)
    lake.tag("of-dev", "dev")
    lake.branch("deep", "dev")
    append(lake, "dev", 14, 15, 16)
    append(lake, "deep", 21, 22, 23)
    append(lake, "", 6, 7)
    # The servers' caches must not hide a file that is gone.
    lake.server.restart()
    seen = {ref: ids(lake.catalog(ref).load_table(TABLE)) for ref in ("keep", "of-dev", "deep")}
    assert seen == {"keep": [1], "of-dev": [1, 12, 13], "deep": [1, 12, 13, 21, 22, 23]}
    assert ids(lake.catalog("dev").load_table(TABLE)) == [1, 12, 13, 14, 15, 16]
    assert ids(lake.catalog().load_table(TABLE)) == [1, 2, 3, 4, 5, 6, 7]
    location = catalog.load_table(TABLE).location()
    left = [path for path in lake.files(location) if path.endswith(".metadata.json")]
    # Each of the three branches has its own and the one before it, and each tag the one it shows.
    assert len(left) == 8
