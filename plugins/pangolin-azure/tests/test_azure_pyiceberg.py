"""PyIceberg's file IO with a vended signature: its own table's files, and no others."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pangolin_azure.vendor import AzureVendor

from pangolin.plugin import Access, Grant, Warehouse
from tests.servers.azurite import ACCOUNT

from .conftest import CONTAINER, LOCAL, Lake

pytestmark = pytest.mark.integration
SCRIPT = Path(__file__).with_name("file_io.py")
LARGE = 20 * 2**20


@pytest.fixture
def table() -> str:
    return f"abfss://{CONTAINER}@{ACCOUNT}.dfs.core.windows.net/lake/{uuid4().hex}/orders ü"


def steps(lake: Lake, access: Access, *wanted: tuple[Any, ...]) -> list[Any]:
    made = Warehouse("t", "id", "w", 1, lake.options(prefix="lake"), True, None)
    vended = AzureVendor(LOCAL).vend(Grant(made, access, "ann", "ann", 3600))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT)],
        input=json.dumps({"properties": dict(vended.config), "steps": wanted}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=dict(os.environ),
    )
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_table_is_written_read_and_deleted_and_its_sibling_refused(
    lake: Lake, table: str
) -> None:
    sibling = f"{table}2/secret"
    steps(lake, Access((f"{table}2",), (f"{table}2",)), ("write", sibling))
    file, large = f"{table}/data/a=1 %20/x.parquet", f"{table}/data/large"
    owner = Access((table,), (table,), (table,))
    *inside, read, write, delete = steps(
        lake,
        owner,
        ("write", file),
        ("read", file),
        ("write", large, LARGE),
        ("read", large),
        ("delete", large),
        ("exists", large),
        ("read", sibling),
        ("write", sibling),
        ("delete", sibling),
    )
    assert inside == [4, 4, LARGE, LARGE, None, False]
    for refused in (read, write, delete):
        assert "AuthenticationFailed" in refused


def test_a_reader_cannot_write_and_a_writer_cannot_delete(lake: Lake, table: str) -> None:
    file = f"{table}/data/x.parquet"
    written, deleted = steps(lake, Access((table,), (table,)), ("write", file), ("delete", file))
    assert written == 4
    assert "AuthorizationPermissionMismatch" in deleted
    read, overwritten = steps(lake, Access((table,)), ("read", file), ("write", file))
    assert read == 4
    assert "AuthorizationPermissionMismatch" in overwritten
