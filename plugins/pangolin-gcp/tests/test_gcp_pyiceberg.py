"""PyIceberg's file IO with a vended token: its own table's files, and no others."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pangolin_gcp.vendor import GcpVendor

from pangolin.plugin import Access, Grant, Warehouse
from tests.servers.gcp import BUCKET

from .conftest import LOCAL, Cloud

pytestmark = pytest.mark.integration
SCRIPT = Path(__file__).with_name("file_io.py")


@pytest.fixture
def table() -> str:
    return f"gs://{BUCKET}/lake/{uuid4().hex}/orders ü"


def steps(cloud: Cloud, access: Access, *wanted: tuple[Any, ...]) -> list[Any]:
    made = Warehouse("t", "id", "w", 1, cloud.options(prefix="lake"), True, None)
    vended = GcpVendor(LOCAL, cloud.transport).vend(Grant(made, access, "ann", "Ann", 3600))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT)],
        input=json.dumps({"properties": dict(vended.config), "steps": wanted}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_table_is_written_read_and_deleted_and_its_sibling_refused(
    cloud: Cloud, table: str
) -> None:
    sibling = f"{table}2/secret"
    steps(cloud, Access((f"{table}2",), (f"{table}2",)), ("write", sibling))
    file = f"{table}/data/a=1 %20/x.parquet"
    *inside, read, write, delete = steps(
        cloud,
        Access((table,), (table,), (table,)),
        ("write", file),
        ("read", file),
        ("delete", file),
        ("exists", file),
        ("read", sibling),
        ("write", sibling),
        ("delete", sibling),
    )
    assert inside == [4, 4, None, False]
    for refused in (read, write, delete):
        assert "PERMISSION_DENIED" in refused or "PermissionError" in refused


def test_a_reader_cannot_write_and_a_writer_cannot_delete(cloud: Cloud, table: str) -> None:
    file = f"{table}/data/x.parquet"
    written, deleted = steps(cloud, Access((table,), (table,)), ("write", file), ("delete", file))
    assert written == 4
    assert "PERMISSION_DENIED" in deleted or "PermissionError" in deleted
    read, overwritten = steps(cloud, Access((table,)), ("read", file), ("write", file))
    assert read == 4
    assert "PERMISSION_DENIED" in overwritten or "PermissionError" in overwritten
