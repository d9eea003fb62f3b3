"""A record that a search no longer finds is found out, though it is signed and whole."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pangolin.registry import Registry
from pangolin.services.audit.index_verification import first_hidden
from pangolin.services.context.context import Context
from pangolin.settings import Settings
from pangolin.store.api import Store
from pangolin.store.identity_documents import AuditDoc
from tests.audit.log import note, records, verdict


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """SQLite: its columns can be changed apart from the document."""
    found = Registry(Settings()).open_store(f"sqlite:///{tmp_path}/audit.db")
    yield found
    found.close()


@pytest.fixture
def log(ctx: Context) -> list[AuditDoc]:
    """Six records, half of them failures."""
    note(ctx, 3)
    note(ctx, 3, result="failure")
    assert first_hidden(ctx.runtime.store, ctx.tenant) is None
    return records(ctx.runtime.store)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("user_id", "nobody"),
        ("user_id", None),
        ("action", "load_table"),
        ("resource_name", "lake.other"),
        ("result", "success"),
        ("id", "0"),
    ],
)
def test_a_column_changed_apart_from_its_record_is_found(
    ctx: Context, log: list[AuditDoc], tmp_path: Path, column: str, value: str | None
) -> None:
    with sqlite3.connect(tmp_path / "audit.db") as database:
        # The column is one of ours.
        sql = f'UPDATE "audit" SET "{column}" = ? WHERE "number" = 4'
        assert database.execute(sql, (value,)).rowcount == 1
    database.close()
    assert verdict(ctx).broken is None
    found = first_hidden(ctx.runtime.store, ctx.tenant)
    assert found is not None
    # One that moved in time may be told from its neighbour by either.
    assert found.id == log[3]["id"] or column == "id"
