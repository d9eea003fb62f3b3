"""PyIceberg without any credential: it writes, reads and lists through the signer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from pangolin_aws.vendors import vendors
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import SignError
from pyiceberg.io.fsspec import FsspecFileIO

from pangolin.plugin import Access, Settings, Warehouse
from tests.servers.front import Upstream, fronting
from tests.servers.seaweed import Seaweed

from .grants import grant, on_seaweed, writing
from .signer import SigningSite

pytest.importorskip("s3fs", reason="s3fs is not installed")


class Signing:
    """A signer for one grant, and the properties by which clients find it."""

    def __init__(self, site: SigningSite, properties: dict[str, str]) -> None:
        self.seen = site.seen
        self.properties = properties
        self.io = FsspecFileIO(properties)

    def write(self, location: str, data: bytes) -> None:
        with self.io.new_output(location).create() as file:
            file.write(data)

    def read(self, location: str) -> bytes:
        with self.io.new_input(location).open() as file:
            return bytes(file.read())


@contextmanager
def signing(place: Warehouse, access: Access) -> Iterator[Signing]:
    vendor: Any = vendors(Settings())[3]
    given = grant(place, access)
    site = SigningSite(vendor, given, vendor.session(given))
    with fronting(site, Upstream(0)) as port:
        where = {"s3.signer.uri": f"http://127.0.0.1:{port}", "s3.signer.endpoint": "v1/sign"}
        yield Signing(site, {**vendor.vend(given).config, **where, "uri": "unused"})


@pytest.fixture
def location(seaweed: Seaweed) -> str:
    return f"s3://{seaweed.bucket}/wh/{uuid4().hex}"


@pytest.fixture(params=["session", "key"])
def place(request: pytest.FixtureRequest, seaweed: Seaweed) -> Warehouse:
    """A warehouse whose requests are signed with sessions, and one with its key."""
    return on_seaweed(seaweed, **({} if request.param == "session" else {"role_arn": ""}))


@pytest.mark.parametrize("name", ["f", "p=a b%20ü/f", "p=a%2Fb+c&d/f"])
def test_files_are_written_and_read(place: Warehouse, location: str, name: str) -> None:
    with signing(place, writing(location)) as client:
        client.write(f"{location}/data/{name}", b"hello")
        assert client.read(f"{location}/data/{name}") == b"hello"
        assert not client.io.new_input(f"{location}/data/none").exists()


def test_a_large_file_is_written_in_parts(place: Warehouse, location: str) -> None:
    data = os.urandom(65 * 2**20)
    with signing(place, writing(location)) as client:
        client.write(f"{location}/data/big", data)
        assert client.read(f"{location}/data/big") == data
    assert not client.seen.keys() - {"signed"}


def test_the_table_is_listed_and_its_sibling_is_not(place: Warehouse, location: str) -> None:
    with signing(place, writing(location)) as client:
        client.write(f"{location}/data/f", b"hello")
        files = client.io.get_fs("s3")
        assert files.find(location) == [f"{location}/data/f".removeprefix("s3://")]
        with pytest.raises(SignError):
            files.find(f"{location}2")
    assert client.seen["outside"]


def test_a_sibling_is_neither_written_nor_read(place: Warehouse, location: str) -> None:
    with signing(place, writing(location)) as client:
        with pytest.raises(SignError):
            client.write(f"{location}2/f", b"x")
        with pytest.raises(SignError):
            client.read(f"{location}2/f")


def test_a_reader_does_not_write(place: Warehouse, location: str) -> None:
    with signing(place, writing(location)) as writer:
        writer.write(f"{location}/f", b"hello")
    with signing(place, Access(read=(location,))) as reader:
        assert reader.read(f"{location}/f") == b"hello"
        with pytest.raises(SignError):
            reader.write(f"{location}/g", b"x")


def test_deletes_work_with_a_session_and_not_with_the_key(place: Warehouse, location: str) -> None:
    with signing(place, writing(location)) as client:
        client.write(f"{location}/f", b"hello")
        # PyIceberg does not show the signer what a batch deletes.
        if "s3.role-arn" in place.config:
            client.io.delete(f"{location}/f")
            assert not client.io.new_input(f"{location}/f").exists()
        else:
            with pytest.raises(SignError):
                client.io.delete(f"{location}/f")


def test_a_table_is_made_filled_and_scanned(place: Warehouse, location: str) -> None:
    rows = pa.table({"id": [1, 2, 3], "name": ["a", "b", "ü"]})
    with signing(place, writing(location)) as client:
        catalog = SqlCatalog("local", **{**client.properties, "uri": "sqlite:///:memory:"})
        catalog.create_namespace("db")
        table = catalog.create_table("db.t", rows.schema, location=location)
        table.append(rows)
        table.append(rows)
        assert table.scan().to_arrow().num_rows == 6
        catalog.destroy_tables()
        catalog.close()
    assert not client.seen.keys() - {"signed"}
