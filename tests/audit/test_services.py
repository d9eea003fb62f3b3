"""What the services record of tables, transactions, refs and of what goes with something else."""

from pathlib import Path
from typing import Any

import pytest

from pangolin.services.assets import assets
from pangolin.services.branches import management
from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import Context
from pangolin.services.tables import commits, creation, tables
from pangolin.services.tenants import settings, tenants
from pangolin.services.warehouses import warehouses
from pangolin.store.identity_documents import AuditDoc
from tests.audit.log import records, verdict
from tests.samples import SCHEMA, SET


@pytest.fixture
def lake(ctx: Context, tmp_path: Path) -> Context:
    """A warehouse `s` with a catalog `c` in which there are tables `t` and `u`."""
    place = {"type": "file", "file.root": f"{tmp_path}/s"}
    warehouses.create(ctx, {"name": "s", "storage_config": place})
    catalogs.create(ctx, {"name": "c", "warehouse_name": "s"})
    for name in ("t", "u"):
        creation.create(ctx, "c", ["default"], {"name": name, "schema": SCHEMA})
    return ctx


def last(ctx: Context, count: int = 1) -> list[AuditDoc]:
    """Return the newest records, in the order in which they were written."""
    return records(ctx.runtime.store)[-count:]


def told(doc: AuditDoc) -> tuple[Any, ...]:
    return doc["action"], doc["resource_type"], doc["resource_name"], doc.get("ref")


def test_a_table_is_followed_by_its_metadata_files(lake: Context) -> None:
    commits.commit(lake, "c", ["default"], "t", [], SET)
    tables.rename(lake, "c", (["default"], "t"), (["default"], "t2"))
    tables.drop(lake, "c", ["default"], "t2", purge=True)
    made = records(lake.runtime.store)[-5]
    committed, renamed, dropped = last(lake, 3)
    assert told(made) == ("create_table", "table", "c.default.t", "main")
    assert told(committed) == ("commit_table", "table", "c.default.t", "main")
    assert made["after"] == committed["before"] != committed["after"] == renamed["before"]
    assert committed["after"].endswith(".metadata.json")
    assert renamed["metadata"] == {"new_name": "c.default.t2"}
    assert told(dropped) == ("drop_table", "table", "c.default.t2", "main")
    assert dropped["metadata"] == {"purge": True}
    assert {doc["resource_id"] for doc in (made, committed, renamed, dropped)} == {
        made["resource_id"]
    }


def test_each_table_of_a_transaction_has_a_record(lake: Context) -> None:
    wires = [
        {
            "identifier": {"namespace": ["default"], "name": name},
            "requirements": [],
            "updates": SET,
        }
        for name in ("t", "u")
    ]
    commits.commit_many(lake, "c", wires)
    whole, *parts = last(lake, 3)
    assert told(whole) == ("commit_transaction", "catalog", "c", None)
    assert [told(part) for part in parts] == [
        ("commit_table", "table", "c.default.t", "main"),
        ("commit_table", "table", "c.default.u", "main"),
    ]
    assert all(part["before"] != part["after"] for part in parts)
    assert verdict(lake).broken is None


def test_refs_are_recorded_with_what_they_are(lake: Context) -> None:
    management.create_branch(lake, {"name": "dev", "catalog": "c"})
    management.create_tag(lake, {"name": "v1", "catalog": "c"})
    management.delete(lake, "c", "dev", "branch")
    forked, tagged, deleted = last(lake, 3)
    assert told(forked) == ("create_branch", "branch", "c.dev", "dev")
    assert told(tagged) == ("create_tag", "tag", "c.v1", "v1")
    assert told(deleted) == ("delete_branch", "branch", "c.dev", "dev")
    assert forked["after"] == deleted["before"]


def test_a_commit_on_a_branch_says_so(lake: Context) -> None:
    management.create_branch(lake, {"name": "dev", "catalog": "c"})
    commits.commit(lake, "c@dev", ["default"], "t", [], SET)
    assert told(last(lake)[0]) == ("commit_table", "table", "c.default.t", "dev")


def test_assets_and_settings_are_recorded(lake: Context) -> None:
    pointer = {"name": "m", "kind": "ML_MODEL", "location": "s3://b/m"}
    assets.register(lake, "c", ["default"], pointer)
    assets.delete(lake, "c", ["default"], "m")
    settings.update(lake, {"default_retention_days": 3})
    settings.update(lake, {"default_retention_days": 4})
    registered, deleted, first, second = last(lake, 4)
    assert registered["after"] == deleted["before"]
    assert "before" not in first and first["after"] == second["before"]


def test_catalogs_that_go_with_their_warehouse_are_recorded(lake: Context) -> None:
    warehouses.delete(lake, "s", force=True)
    whole, part = last(lake, 2)
    assert told(whole) == ("delete_warehouse", "warehouse", "s", None)
    assert told(part) == ("delete_catalog", "catalog", "c", None)


def test_the_removal_of_a_tenant_is_in_its_own_log_which_outlives_it(lake: Context) -> None:
    tenants.delete(lake, lake.tenant, force=True)
    found = {told(doc)[:3] for doc in records(lake.runtime.store)}
    assert ("delete_tenant", "tenant", lake.tenant) in found
    assert ("delete_catalog", "catalog", "c") in found
    assert verdict(lake).broken is None
