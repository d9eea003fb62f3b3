"""Clients without keys: what the server vends opens their table, and nothing beside it.

SeaweedFS enforces session policies; several workers vend, each from a memory of its own.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import fs

from tests.end_to_end.server import Server
from tests.end_to_end.sessions import Vending, on_sessions, opened
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.end_to_end
DENIED = r"(?i)denied"
ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", "ü"]})


@pytest.fixture(scope="module")
def vending(server: Server, seaweed: Seaweed) -> Vending:
    """A lake whose clients have no keys, with the namespace `db`."""
    found = on_sessions(server, seaweed)
    path = f"/v1/{found.lake.name}/namespaces"
    assert server.ask("POST", path, {"namespace": ["db"]}).status == 200
    return found


@pytest.fixture(scope="module")
def writer(vending: Vending) -> str:
    """The token of somebody who may write."""
    return vending.person("write")


@pytest.fixture(scope="module")
def reader(vending: Vending) -> str:
    """The token of somebody who may read."""
    return vending.person("read")


@pytest.fixture
def table(vending: Vending, writer: str, name: str) -> Iterator[Any]:
    """A table of three rows that PyIceberg has made and filled."""
    with vending.catalog(writer) as catalog:
        made = catalog.create_table(f"db.{name}", ROWS.schema)
        made.append(ROWS)
        yield made


def path_of(vending: Vending, table: Any, rest: str = "") -> str:
    """Return a table's path."""
    return f"/v1/{vending.lake.name}/namespaces/db/tables/{table.name()[-1]}{rest}"


def bare(location: str) -> str:
    """Name a place as PyArrow does."""
    return location.removeprefix("s3://")


def config_of(vending: Vending, token: str, table: Any) -> dict[str, str]:
    """Ask for a credential of a table."""
    answer = vending.ask(token, "GET", path_of(vending, table, "/credentials"))
    assert answer.status == 200, answer
    [credential] = answer.body["storage-credentials"]
    assert credential["prefix"] == table.location()
    return dict(credential["config"])


def test_the_warehouse_was_proved_when_it_was_made(vending: Vending) -> None:
    shown = vending.server.get("warehouses", f"{vending.lake.name}-wh")
    results = {check["name"]: check["result"] for check in shown["checks"]}
    assert results and "failed" not in results.values(), shown["checks"]


def test_pyiceberg_writes_and_reads_its_table(vending: Vending, writer: str, table: Any) -> None:
    with vending.catalog(writer) as catalog:
        found = catalog.load_table(table.name())
        found.append(ROWS)
        assert found.scan().to_arrow().num_rows == 6
        # Nobody gave it the owner's key.
        assert found.io.properties["s3.access-key-id"] != vending.store.access_key
        assert found.io.properties["s3.session-token"]


def test_pyiceberg_makes_a_table_as_a_transaction(vending: Vending, writer: str, name: str) -> None:
    with vending.catalog(writer) as catalog:
        with catalog.create_table_transaction(f"db.{name}", ROWS.schema) as staged:
            staged.append(ROWS)
        assert catalog.load_table(f"db.{name}").scan().to_arrow().num_rows == 3


def test_duckdb_writes_and_reads_its_table(
    vending: Vending, writer: str, name: str, tmp_path: Path
) -> None:
    with vending.duck(writer, tmp_path) as duck:
        duck.run(
            f"CREATE TABLE lake.db.{name} (id BIGINT, name VARCHAR)",
            f"INSERT INTO lake.db.{name} VALUES (1, 'a'), (2, 'b')",
        )
        assert duck.rows(f"SELECT count(*) FROM lake.db.{name}") == [(2,)]
    with vending.catalog(writer) as catalog:
        assert catalog.load_table(f"db.{name}").scan().to_arrow().num_rows == 2


def test_duckdb_reads_what_pyiceberg_wrote(
    vending: Vending, reader: str, table: Any, tmp_path: Path
) -> None:
    with vending.duck(reader, tmp_path) as duck:
        assert duck.rows(f"SELECT sum(id) FROM lake.db.{table.name()[-1]}") == [(6,)]


def test_a_writers_credential_opens_its_table_and_nothing_else(
    vending: Vending, writer: str, table: Any
) -> None:
    store, root = opened(config_of(vending, writer, table)), bare(table.location())
    write(store, f"{root}/data/mine")
    assert read(store, f"{root}/data/mine") == b"x"
    with vending.catalog(writer) as catalog:
        sibling = bare(catalog.create_table(("db", f"{table.name()[-1]}2"), ROWS.schema).location())
    parent, bucket = root.rpartition("/")[0], vending.store.bucket
    for place in (sibling, f"{root}2", parent, bucket):
        with pytest.raises(OSError, match=DENIED):
            write(store, f"{place}/data/others")
        with pytest.raises(OSError, match=DENIED):
            store.get_file_info(fs.FileSelector(place))
    [metadata] = [path for path in vending.files(sibling) if path.endswith(".json")]
    with pytest.raises(OSError, match=DENIED):
        read(store, f"{sibling}/{metadata}")


def test_a_readers_credential_does_not_write(vending: Vending, reader: str, table: Any) -> None:
    store, root = opened(config_of(vending, reader, table)), bare(table.location())
    file = bare(next(iter(table.scan().plan_files())).file.file_path)
    assert read(store, file)
    with pytest.raises(OSError, match=DENIED):
        write(store, f"{root}/data/mine")
    with pytest.raises(OSError, match=DENIED):
        store.delete_file(file)
    with vending.catalog(reader) as catalog:
        found = catalog.load_table(table.name())
        assert found.scan().to_arrow().num_rows == 3
        with pytest.raises(OSError, match=DENIED):
            found.append(ROWS)


def test_credentials_are_refreshed_where_the_answer_says(
    vending: Vending, writer: str, table: Any
) -> None:
    answer = vending.ask(writer, "GET", path_of(vending, table))
    config = answer.body["config"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert config["client.refresh-credentials-enabled"] == "true"
    fresh = vending.ask(writer, "GET", f"/{config['client.refresh-credentials-endpoint']}")
    [credential] = fresh.body["storage-credentials"]
    ends = int(credential["config"]["s3.session-token-expires-at-ms"])
    assert ends / 1000 - time.time() > 600
    with opened(credential["config"]).open_input_stream(
        bare(answer.body["metadata-location"])
    ) as stream:
        assert stream.read(1) == b"{"


def test_several_workers_vend_few_credentials(vending: Vending, writer: str, table: Any) -> None:
    found = {config_of(vending, writer, table)["s3.access-key-id"] for _ in range(20)}
    assert len(found) <= 2


def write(store: fs.FileSystem, path: str) -> None:
    """Write a small file."""
    with store.open_output_stream(path) as stream:
        stream.write(b"x")


def read(store: fs.FileSystem, path: str) -> bytes:
    """Read a file whole."""
    with store.open_input_stream(path) as stream:
        return bytes(stream.read())
