"""A restore drill, and an installation that outgrows its store: every table loads afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.concurrency.serving import STORE, Farm, farm
from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import (
    CATALOG,
    Connection,
    Head,
    load,
    make_namespace,
    make_table,
    table_path,
)
from tests.servers.stores import Database

pytestmark = pytest.mark.integration
TABLES = [f"table{number}" for number in range(8)]
REFS = (CATALOG, f"{CATALOG}@dev", f"{CATALOG}@frozen")
Seen = dict[tuple[str, str], tuple[str, list[int]]]


@pytest.fixture
def server(tmp_path: Path, shared_database: Database) -> Iterator[Farm]:
    """A server on a store of the test's own, with tables, a branch and a tag that differ."""
    with farm(tmp_path, workers=2, **shared_database.environ()) as running:
        root = running.connect()
        make_namespace(root)
        for table in TABLES:
            make_table(root, table)
            append(root, table, 1)
        for kind, name in (("branches", "dev"), ("tags", "frozen")):
            body = {"name": name, "catalog": CATALOG}
            assert root.ask("POST", f"/api/v1/{kind}", body).status in (200, 201)
        for table in TABLES[::2]:
            append(root, table, 2)
        append(root, TABLES[1], 3, f"{CATALOG}@dev")
        root.close()
        yield running


def append(root: Connection, table: str, snapshot: int, prefix: str = CATALOG) -> None:
    """Append to a table's head on `main`, or to what a fresh branch shows of it."""
    commit = Head.of(root, table).append(snapshot)
    assert root.ask("POST", table_path(table, prefix=prefix), commit).status == 200


def everything(server: Farm) -> Seen:
    """Return the metadata location and the history of each table on each ref."""
    root = server.connect()
    found = {
        (ref, table): (
            load(root, table, prefix=ref).body["metadata-location"],
            history(root, table, ref),
        )
        for ref in REFS
        for table in TABLES
    }
    root.close()
    return found


def go_on(server: Farm) -> None:
    """Write as before: the restored store takes commits, forks and new tables."""
    root = server.connect()
    for table in TABLES:
        append(root, table, 4)
    assert root.ask("POST", "/api/v1/branches", {"name": "new", "catalog": CATALOG}).status == 201
    make_table(root, "new")
    root.close()


def test_an_export_brings_every_table_on_every_ref_back(
    server: Farm, shared_database: Database
) -> None:
    before = everything(server)
    server.stop()
    server.run("export", "backup.jsonl")
    server.environ[STORE] = shared_database.new_url()
    server.run("import", "backup.jsonl")
    server.start()
    assert everything(server) == before
    go_on(server)


def test_a_copy_to_another_store_and_back_has_every_table(
    server: Farm, shared_database: Database
) -> None:
    before = everything(server)
    server.stop()
    first, last = server.environ[STORE], shared_database.new_url()
    between = f"sqlite:///{server.directory}/between.db"
    for source, target in ((first, between), (between, last)):
        assert "counts and digests agree" in server.run("copy", source, target)
        server.environ[STORE] = target
        assert "up to date" in server.run("upgrade")
        if not target.startswith("mongodb"):
            # The doctor rightly finds fault with the test's replica set, which has one member.
            assert "WRONG" not in server.run("doctor", "--store")
        server.start()
        assert everything(server) == before
        assert server.stop() == 0
    server.start()
    go_on(server)
