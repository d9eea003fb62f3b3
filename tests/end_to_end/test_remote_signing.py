"""PyIceberg without any credential: the server signs each of its requests to the store."""

from typing import Any

import pytest
import requests
from pyiceberg.exceptions import SignError
from pyiceberg.io.fsspec import FsspecFileIO

from tests.end_to_end.server import Server
from tests.end_to_end.sessions import Vending, on_sessions
from tests.end_to_end.test_vending import ROWS, path_of
from tests.servers.seaweed import Seaweed

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
pytestmark = pytest.mark.end_to_end


@pytest.fixture(autouse=True)
def own_filesystems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each table and thread sign for itself.

    PyIceberg takes its signer off a file system that fsspec shares and puts the next one on, and
    what another thread sends meanwhile goes out unsigned.
    """
    monkeypatch.setattr(s3fs.S3FileSystem, "cachable", False)


@pytest.fixture(scope="module", params=["session", "key"])
def vending(request: pytest.FixtureRequest, server: Server, seaweed: Seaweed) -> Vending:
    """A lake whose requests are signed with sessions of its tables, or with the store's key."""
    options = {} if request.param == "session" else {"s3.role-arn": ""}
    strategy: dict[str, Any] = {"vending_strategy": {"S3RemoteSigning": {}}, "use_sts": False}
    found = on_sessions(server, seaweed, options, **strategy)
    path = f"/v1/{found.lake.name}/namespaces"
    assert server.ask("POST", path, {"namespace": ["db"]}).status == 200
    return found


@pytest.fixture(scope="module")
def writer(vending: Vending) -> str:
    """The token of somebody who may write."""
    return vending.person("write")


def wanted(location: str, vending: Vending, **more: Any) -> dict[str, Any]:
    """Build a request to read something."""
    uri = f"{vending.store.endpoint}/{location.removeprefix('s3://')}"
    return {"region": "us-east-1", "method": "GET", "uri": uri, "headers": {}, **more}


def test_a_table_is_made_filled_and_read(vending: Vending, writer: str, name: str) -> None:
    with vending.catalog(writer) as catalog:
        made = catalog.create_table(f"db.{name}", ROWS.schema)
        made.append(ROWS)
        made.append(ROWS)
        found = catalog.load_table(f"db.{name}")
        assert isinstance(found.io, FsspecFileIO)
        assert not {"s3.secret-access-key", "s3.session-token"} & found.io.properties.keys()
        assert found.scan().to_arrow().num_rows == 6


def test_a_reader_does_not_write(vending: Vending, writer: str, name: str) -> None:
    with vending.catalog(writer) as catalog:
        catalog.create_table(f"db.{name}", ROWS.schema).append(ROWS)
    with vending.catalog(vending.person("read")) as catalog:
        found = catalog.load_table(f"db.{name}")
        assert found.scan().to_arrow().num_rows == 3
        with pytest.raises(SignError):
            found.append(ROWS)


def test_what_lies_beside_the_table_is_not_signed(vending: Vending, writer: str, name: str) -> None:
    with vending.catalog(writer) as catalog:
        table: Any = catalog.create_table(f"db.{name}", ROWS.schema)
        sibling = catalog.create_table(f"db.{name}2", ROWS.schema)
    path = path_of(vending, table, "/sign")
    root, parent = table.location(), table.location().rpartition("/")[0]
    assert vending.ask(writer, "POST", path, wanted(f"{root}/data/f", vending)).status == 200
    copied = {"x-amz-copy-source": [sibling.metadata_location.removeprefix("s3:/")]}
    for asked in (
        wanted(sibling.metadata_location, vending),
        wanted(f"{root}2/f", vending),
        wanted(f"{root}/../{sibling.location().rpartition('/')[2]}/f", vending),
        wanted(f"s3://{vending.store.bucket}?list-type=2&prefix=", vending),
        wanted(f"{parent}/f", vending, method="PUT"),
        wanted(f"{root}/data/f", vending, method="PUT", headers=copied),
        wanted(table.metadata_location, vending, method="PUT"),
        wanted(table.metadata_location, vending, method="DELETE"),
    ):
        assert vending.ask(writer, "POST", path, asked).status == 403, asked


def test_a_read_of_the_java_sdk_is_signed_and_taken_by_the_store(
    vending: Vending, writer: str, name: str
) -> None:
    with vending.catalog(writer) as catalog:
        table: Any = catalog.create_table(f"db.{name}", ROWS.schema)
    sent = {"range": ["bytes=0-0"], "x-amz-te": ["append-md5"]}
    asked = wanted(table.metadata_location, vending, headers=sent)
    answer = vending.ask(writer, "POST", path_of(vending, table, "/sign"), asked)
    assert answer.status == 200, answer
    signed = {key: values[0] for key, values in answer.body["headers"].items()}
    found = requests.get(answer.body["uri"], headers=signed | {"range": "bytes=0-0"}, timeout=10)
    assert (found.status_code, found.content) == (206, b"{")


def test_no_credential_is_given_where_requests_are_signed(
    vending: Vending, writer: str, name: str
) -> None:
    with vending.catalog(writer) as catalog:
        table: Any = catalog.create_table(f"db.{name}", ROWS.schema)
    answer = vending.ask(writer, "GET", path_of(vending, table, "/credentials"))
    assert answer.status == 400
    assert "signs requests instead" in answer.body["error"]["message"]
