"""Metadata files that cannot be written: the failure is the server's, and nothing is half done."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import Farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import (
    CATALOG,
    SCHEMA,
    Answer,
    Connection,
    Head,
    load,
    make_table,
    new_snapshot_id,
    table_path,
)

pytestmark = pytest.mark.integration
TABLES = f"/v1/{CATALOG}/namespaces/storm/tables"


def files(server: Farm) -> set[Path]:
    """List every file below the warehouse."""
    return {path for path in (server.data / "warehouse").rglob("*") if path.is_file()}


def append(root: Connection, head: Head) -> Answer:
    return root.ask("POST", table_path("kept"), head.append(new_snapshot_id()))


def check_unharmed(server: Farm, root: Connection, before: set[Path], head: Head) -> None:
    """Nothing was left behind, and what failed works now."""
    assert files(server) == before
    assert Head.of(root, "kept") == head
    assert load(root, "new").status == 404
    assert append(root, head).status == 200
    assert len(history(root, "kept")) == 2
    make_table(root, "new")


def check_refused(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert answer.body["error"]["type"] == "ServiceUnavailableException"
    assert int(answer.headers["Retry-After"]) >= 1


def seed(root: Connection) -> Head:
    make_table(root, "kept")
    assert append(root, Head.of(root, "kept")).status == 200
    return Head.of(root, "kept")


def test_a_read_only_warehouse_refuses_commits_and_is_left_clean(
    server: Farm, root: Connection
) -> None:
    head, before = seed(root), files(server)
    places = [server.data / "warehouse", *(path for path in directories(server))]
    for place in places:
        place.chmod(0o555)
    check_refused(append(root, head))
    check_refused(root.ask("POST", TABLES, {"name": "new", "schema": SCHEMA}))
    assert load(root, "kept").status == 200
    for place in places:
        place.chmod(0o755)
    check_unharmed(server, root, before, head)


def directories(server: Farm) -> list[Path]:
    return [path for path in (server.data / "warehouse").rglob("*") if path.is_dir()]


def test_a_warehouse_that_is_no_directory_refuses_commits(server: Farm, root: Connection) -> None:
    head, before = seed(root), files(server)
    warehouse, aside = server.data / "warehouse", server.data / "aside"
    warehouse.rename(aside)
    warehouse.write_text("not a directory")
    check_refused(append(root, head))
    check_refused(root.ask("POST", TABLES, {"name": "new", "schema": SCHEMA}))
    ready = root.ask("GET", "/health/ready")
    # One warehouse is not the server: other tenants go on.
    assert (ready.status, ready.body["store"]) == (200, "ok")
    warehouse.unlink()
    aside.rename(warehouse)
    check_unharmed(server, root, before, head)


def test_a_full_disk_refuses_commits_and_leaves_no_file(server: Farm, root: Connection) -> None:
    head, before = seed(root), files(server)
    with largest_file(server, 64):
        check_refused(append(root, head))
        check_refused(root.ask("POST", TABLES, {"name": "new", "schema": SCHEMA}))
        assert load(root, "kept").status == 200
    check_unharmed(server, root, before, head)


@pytest.mark.sqlite
def test_a_database_that_fails_in_its_commit_leaves_the_outcome_open(
    server: Farm, root: Connection
) -> None:
    head, before = seed(root), files(server)
    with largest_file(server, 4096):
        answer = append(root, head)
        assert answer.status == 500, answer
        assert answer.body["error"]["type"] == "CommitStateUnknownException"
        assert load(root, "kept").status == 200
    # Had the batch landed, the table would need the file that was written for it.
    assert len(files(server) - before) == 1
    assert Head.of(root, "kept") == head
    assert append(root, head).status == 200


@contextmanager
def largest_file(server: Farm, size: int) -> Iterator[None]:
    """Let the workers write no file beyond `size` bytes for a while, as on a full disk."""
    pids = server.pids()
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    yield
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert server.pids() == pids
