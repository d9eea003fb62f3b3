"""A disk that is full under the SQLite file: writes are refused whole, and go on when it is not."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm, farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import (
    Connection,
    Head,
    load,
    make_namespace,
    make_table,
    table_path,
)
from tests.replicas.damage import check_unavailable, files

pytestmark = [pytest.mark.integration, pytest.mark.sqlite]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only the superuser may mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def server(tmp_path: Path, small_disk: Path) -> Iterator[Farm]:
    """A server whose records, and nothing else, are on the small disk."""
    environ = {
        "PANGOLIN_STORE_URL": f"sqlite:///{small_disk}/pangolin.db",
        "PANGOLIN_DEFAULT_CATALOG": "lakehouse",
    }
    with farm(tmp_path, workers=2, **environ) as running:
        yield running


@pytest.fixture
def root(server: Farm) -> Iterator[Connection]:
    """Root's connection; the table `kept` is there."""
    made = server.connect()
    make_namespace(made)
    make_table(made, "kept")
    yield made
    made.close()


def test_a_full_disk_refuses_writes_whole_and_is_read_on(
    server: Farm, root: Connection, small_disk: Path
) -> None:
    head, before = Head.of(root, "kept"), files(server.warehouse)
    filler = small_disk / "filler"
    fill(filler)
    refused = [root.ask("POST", table_path("kept"), head.append(1)) for _ in range(3)]
    for answer in refused:
        check_unavailable(answer)
    assert load(root, "kept").status == 200
    assert files(server.warehouse) == before
    assert history(root, "kept") == []
    filler.unlink()
    assert root.ask("POST", table_path("kept"), head.append(1)).status == 200
    assert history(root, "kept") == [1]
    assert root.ask("GET", "/health/ready").status == 200


def fill(path: Path) -> None:
    """Write a file until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
