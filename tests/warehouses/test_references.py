"""Secrets by reference: places of the server's own, which the operator has listed."""

from dataclasses import replace
from pathlib import Path

import pytest

from pangolin.errors import BadRequest, Unavailable
from pangolin.services.context.context import Context
from pangolin.services.storage.warehouse_secrets import as_plugin
from pangolin.settings import Settings
from tests.answers import made
from tests.warehouses.conftest import KEY, S3, SECRET, record, refused
from tests.worlds.management import Call

VARIABLE = "LAKE_SECRET"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A variable and a file that warehouses may refer to, and a variable that they may not."""
    monkeypatch.setenv(VARIABLE, SECRET)
    monkeypatch.setenv("OTHER_SECRET", SECRET)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    listed = (f"env:{VARIABLE}", f"file:{tmp_path}/secret", "env:NOT_SET")
    return replace(settings, secret_references=listed)


def create(call: Call, reference: str) -> dict[str, str]:
    body = {"name": "s", "storage_config": S3 | {KEY: reference}}
    shown: dict[str, str] = made(call("POST", "/warehouses", body))["storage_config"]
    return shown


@pytest.mark.parametrize("kind", ["env", "file"])
def test_a_listed_reference_is_shown_as_it_is_and_opened_for_plugins(
    call: Call, ctx: Context, tmp_path: Path, kind: str
) -> None:
    reference = f"env:{VARIABLE}" if kind == "env" else f"file:{tmp_path}/secret"
    assert create(call, reference)[KEY] == reference
    assert SECRET not in str(record(ctx).doc)
    assert as_plugin(ctx.runtime, record(ctx)).config[KEY] == SECRET


@pytest.mark.parametrize(
    "reference", ["env:OTHER_SECRET", "env:PANGOLIN_SECRET_KEYS", "file:/etc/passwd", "env:"]
)
def test_what_is_not_listed_is_refused_whether_it_is_there_or_not(
    call: Call, reference: str
) -> None:
    body = {"name": "s", "storage_config": S3 | {KEY: reference}}
    assert "PANGOLIN_SECRET_REFERENCES" in refused(call("POST", "/warehouses", body))


def test_a_reference_that_leads_nowhere_is_refused(call: Call) -> None:
    body = {"name": "s", "storage_config": S3 | {KEY: "env:NOT_SET"}}
    assert "there is no secret at env:NOT_SET" in refused(call("POST", "/warehouses", body))


def test_a_reference_sent_back_is_kept(call: Call, ctx: Context) -> None:
    shown = create(call, f"env:{VARIABLE}")
    made(call("PUT", "/warehouses/s", {"storage_config": shown | {"s3.region": "us-east-1"}}), 200)
    assert as_plugin(ctx.runtime, record(ctx)).config[KEY] == SECRET


def test_a_reference_that_is_listed_no_more_opens_nothing(call: Call, ctx: Context) -> None:
    create(call, f"env:{VARIABLE}")
    settings = replace(ctx.settings, secret_references=())
    runtime = replace(ctx.runtime, settings=settings)
    with pytest.raises(Unavailable, match="PANGOLIN_SECRET_REFERENCES"):
        as_plugin(runtime, record(ctx))


def test_an_option_that_is_no_secret_refers_to_nothing(call: Call) -> None:
    body = {"name": "s", "storage_config": S3 | {"s3.region": f"env:{VARIABLE}"}}
    assert "s3.region" in refused(call("POST", "/warehouses", body))


def test_the_setting_lists_references_only() -> None:
    with pytest.raises(BadRequest, match="PANGOLIN_SECRET_REFERENCES"):
        Settings(secret_references=("LAKE_SECRET",))
