"""What is tried on a warehouse when it is saved, asked for or looked at."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pangolin.app import create_app
from pangolin.cli.gunicorn import prepare
from pangolin.errors import Forbidden
from pangolin.interfaces.checks import Check
from pangolin.services.context.context import Context
from pangolin.services.context.parts import Parts
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations import doctor
from pangolin.services.operations.bootstrap import initialise
from pangolin.services.operations.health import every_warehouse
from pangolin.services.sealing.keyring import new_key
from pangolin.services.storage.warehouse_secrets import as_plugin
from pangolin.services.warehouses import checks as warehouse_checks
from pangolin.settings import Settings
from pangolin.store.kinds import WAREHOUSE_CHECK
from tests.answers import made
from tests.warehouses.conftest import SECRET, refused
from tests.warehouses.vendor import Vendor
from tests.worlds.management import Call

MAGIC = {"Magic": {"word": SECRET}}
BAD = Check("sibling-read", "failed", "the store allowed it", "do not vend from this warehouse")
Body = dict[str, Any]


@pytest.fixture
def vendor() -> Vendor:
    """The vendor of the strategy `Magic`."""
    return Vendor()


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Results are recorded, unless a test says otherwise."""
    return replace(settings, warehouse_checks=getattr(request, "param", "record"))


@pytest.fixture
def app(settings: Settings, vendor: Vendor) -> Flask:
    """An application with the vendor."""
    built = create_app(settings, plugins=[vendor])
    initialise(built.extensions["pangolin"].runtime)
    return built


@pytest.fixture
def body(tmp_path: Path) -> Body:
    """A warehouse of local files that vends."""
    config = {"type": "file", "file.root": f"{tmp_path}/w"}
    return {"name": "w", "storage_config": config, "vending_strategy": MAGIC}


def checks(answer: Any) -> list[tuple[str, str]]:
    return [(each["name"], each["result"]) for each in answer["checks"]]


def test_a_warehouse_shows_what_came_of_its_checks(call: Call, body: Body, vendor: Vendor) -> None:
    vendor.results = (Check("inside", "passed"), BAD)
    shown = made(call("POST", "/warehouses", body))
    assert checks(shown) == [("inside", "passed"), ("sibling-read", "failed")]
    assert shown["checks"][1]["remedy"] == "do not vend from this warehouse"
    assert shown["checked_at"].endswith("+00:00")
    assert (
        shown == made(call("GET", "/warehouses/w"), 200) == call("GET", "/warehouses").get_json()[0]
    )
    [(warehouse, probe)] = vendor.seen
    assert probe.startswith(f"file://{body['storage_config']['file.root']}/.pangolin-check-")
    assert warehouse.vending_strategy == MAGIC


def test_a_rename_tries_nothing_and_keeps_the_result(
    call: Call, body: Body, vendor: Vendor, tmp_path: Path
) -> None:
    before = made(call("POST", "/warehouses", body))
    after = made(call("PUT", "/warehouses/w", {"name": "v"}), 200)
    assert after == before | {"name": "v"} and len(vendor.seen) == 1
    vendor.results = (BAD,)
    moved = {"storage_config": {"file.root": f"{tmp_path}/v"}}
    assert checks(made(call("PUT", "/warehouses/v", moved), 200)) == [("sibling-read", "failed")]


@pytest.mark.parametrize("settings", ["require"], indirect=True)
def test_require_refuses_what_fails_and_saves_nothing(
    call: Call, body: Body, vendor: Vendor, ctx: Context
) -> None:
    vendor.results = (BAD,)
    answer = call("POST", "/warehouses", body)
    assert "sibling-read: the store allowed it" in refused(answer)
    assert checks(answer.get_json()["error"]["details"]) == [("sibling-read", "failed")]
    assert call("GET", "/warehouses").json == []
    assert list(ctx.store.scan(WAREHOUSE_CHECK)) == []
    vendor.results = (Check("hierarchical-namespace", "unknown"), Check("inside", "passed"))
    made(call("POST", "/warehouses", body))
    vendor.results = (BAD,)
    change = {"vending_strategy": {"Magic": {"word": "another"}}}
    assert "sibling-read" in refused(call("PUT", "/warehouses/w", change))
    assert checks(call("GET", "/warehouses/w").json)[0] == ("hierarchical-namespace", "unknown")


@pytest.mark.parametrize("settings", ["off"], indirect=True)
def test_off_tries_nothing_until_it_is_asked_for(call: Call, body: Body, vendor: Vendor) -> None:
    shown = made(call("POST", "/warehouses", body))
    assert (shown["checked_at"], shown["checks"], vendor.seen) == (None, [], [])
    asked = made(call("POST", "/warehouses/w/check"), 200)
    assert asked["valid"] and checks(asked) == [("inside", "passed")]
    assert checks(call("GET", "/warehouses/w").json) == [("inside", "passed")]
    # An old result says nothing of other options.
    call("PUT", "/warehouses/w", {"vending_strategy": {"Magic": {"word": "another"}}})
    assert call("GET", "/warehouses/w").get_json()["checks"] == []


def test_validate_tries_and_saves_nothing(call: Call, body: Body, vendor: Vendor) -> None:
    vendor.results = (BAD,)
    found = made(call("POST", "/warehouses/validate", body), 200)
    assert found["valid"] is False and checks(found) == [("sibling-read", "failed")]
    assert call("GET", "/warehouses").json == []
    body["vending_strategy"] = {"Magic": {}}
    assert "Magic.word is required" in refused(call("POST", "/warehouses/validate", body))


def test_check_tries_again_and_keeps_the_last_result(
    call: Call, body: Body, vendor: Vendor
) -> None:
    made(call("POST", "/warehouses", body))
    vendor.results = (BAD,)
    key = {"Idempotency_Key": "0190a6de-0000-7000-8000-000000000001"}
    first = made(call("POST", "/warehouses/w/check", **key), 200)
    assert made(call("POST", "/warehouses/w/check", **key), 200) == first
    assert len(vendor.seen) == 2
    assert checks(call("GET", "/warehouses/w").json) == [("sibling-read", "failed")]
    assert refused(call("POST", "/warehouses/x/check"), 404) == "Warehouse does not exist: x"


def test_doctor_tells_what_failed(call: Call, body: Body, vendor: Vendor, runtime: Runtime) -> None:
    vendor.results = (Check("inside", "passed"), BAD)
    made(call("POST", "/warehouses", body))
    wrong = [finding for finding in doctor.check_runtime(runtime) if not finding.fine]
    assert [finding.part for finding in wrong] == ["warehouse w: sibling-read"]
    assert "POST /api/v1/warehouses/w/check" in wrong[0].remedy


def test_a_server_that_starts_warns_of_what_failed(
    call: Call,
    body: Body,
    vendor: Vendor,
    runtime: Runtime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    vendor.results = (Check("inside", "passed"), BAD)
    made(call("POST", "/warehouses", body))
    prepare(runtime)
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "warehouse w: sibling-read failed" in warning.getMessage()
    assert len(vendor.seen) == 1


def test_a_result_goes_with_its_warehouse(call: Call, body: Body, ctx: Context) -> None:
    made(call("POST", "/warehouses", body))
    assert call("DELETE", "/warehouses/w").status_code == 204
    assert list(ctx.store.scan(WAREHOUSE_CHECK)) == []


def test_a_vendor_that_fails_leaves_a_result(call: Call, body: Body, vendor: Vendor) -> None:
    vendor.error = Forbidden(f"no: secret_access_key={SECRET}")
    shown = made(call("POST", "/warehouses", body))
    assert checks(shown) == [("inside", "passed"), ("check", "failed")]
    assert SECRET not in str(shown)
    vendor.error = ZeroDivisionError("oops")
    again = made(call("POST", "/warehouses/w/check"), 200)
    assert again["checks"][1]["detail"] == "a plugin failed: ZeroDivisionError"


@pytest.fixture
def hanging(vendor: Vendor) -> Iterator[Vendor]:
    """The vendor, asking a cloud that never answers."""
    vendor.hangs = threading.Event()
    yield vendor
    vendor.hangs.set()


def test_nobody_waits_long_for_a_cloud_that_does_not_answer(
    runtime: Runtime, call: Call, body: Body, hanging: Vendor
) -> None:
    quick = replace(runtime, settings=replace(runtime.settings, request_timeout=0.2))
    body["vending_strategy"] = None
    made(call("POST", "/warehouses", body))
    warehouse = replace(_plugin(runtime), vending_strategy=MAGIC)
    found = warehouse_checks.run_checks(quick, warehouse)
    assert [(each.name, each.result) for each in found.checks] == [
        ("inside", "passed"),
        ("time", "failed"),
    ]


def _plugin(runtime: Runtime) -> Any:
    [record] = every_warehouse(runtime)
    return as_plugin(runtime, record)


def test_local_files_are_written_read_and_cleaned_up(
    call: Call, body: Body, tmp_path: Path
) -> None:
    body["vending_strategy"] = None
    assert checks(made(call("POST", "/warehouses", body))) == [("inside", "passed")]
    assert [path for path in (tmp_path / "w").rglob("*") if path.is_file()] == []


def test_a_directory_that_cannot_be_written_fails(call: Call, body: Body, tmp_path: Path) -> None:
    (tmp_path / "w").write_text("a file, no directory")
    body["vending_strategy"] = None
    assert checks(made(call("POST", "/warehouses", body))) == [("inside", "failed")]


def test_prepare_gives_the_external_id_before_and_after_the_warehouse_is_there(
    call: Call, body: Body
) -> None:
    found = made(call("POST", "/warehouses/prepare", body), 200)
    assert found["external_id"] == f"id-of-{found['id']}"
    assert found["documents"] == {"policy": {"Principal": "server"}}
    made(call("POST", "/warehouses", body | {"id": found["id"]}))
    assert made(call("POST", "/warehouses/prepare", {"name": "w"}), 200) == found
    again = call("POST", "/warehouses", body | {"name": "v", "id": found["id"]})
    assert "already exists" in refused(again, 409)
    assert "id must be" in refused(call("POST", "/warehouses", body | {"name": "v", "id": "1"}))


def test_there_is_nothing_to_prepare_where_nothing_is_vended(call: Call, body: Body) -> None:
    body["vending_strategy"] = None
    assert "nothing to prepare" in refused(call("POST", "/warehouses/prepare", body))


def test_doctor_tells_of_a_secret_that_does_not_open(
    call: Call, body: Body, runtime: Runtime
) -> None:
    made(call("POST", "/warehouses", body))
    keys = replace(runtime.settings, secret_keys=new_key())
    other = replace(runtime, settings=keys, parts=Parts())
    [wrong] = [finding for finding in doctor.check_runtime(other) if not finding.fine]
    assert wrong.part == "warehouse w"
    assert "PANGOLIN_SECRET_KEYS lacks" in wrong.problem
