"""A secret that is given to the server is searched for in all that the server says and keeps."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pangolin.services.context.context import Context
from pangolin.services.operations import export
from pangolin.settings import Settings
from pangolin.web.http import logs
from tests.logged import Read
from tests.servers.sts import NotingSts, noting, refusal
from tests.warehouses.conftest import ROLE, S3, SECRET
from tests.worlds.management import Call

EXTERNAL_ID = "canary-external-id-51d0"
# What the STS of the tests hands out, and says when it refuses.
CANARIES = (SECRET, EXTERNAL_ID, "vended-secret", "vended-token")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that may reach loopback and says all it can."""
    given = {"endpoint_networks": ("loopback",), "warehouse_checks": "record"}
    return replace(settings, log_level="debug", request_timeout=10.0, **given)  # type: ignore[arg-type]


@pytest.fixture
def sts() -> Iterator[NotingSts]:
    """An STS, which answers for the bucket as well, and badly."""
    with noting() as server:
        yield server


def body(sts: NotingSts, **more: str) -> dict[str, Any]:
    options = {
        "s3.endpoint": sts.url,
        "s3.role-arn": ROLE,
        "s3.external-id": EXTERNAL_ID,
        "s3.prefix": "wh",
    }
    return {"name": "s", "use_sts": True, "storage_config": S3 | options | more}


def test_nothing_the_server_says_or_keeps_holds_a_secret(
    call: Call, ctx: Context, sts: NotingSts, settings: Settings, logged: Read
) -> None:
    logs.configure(settings)
    said = [
        call("POST", "/warehouses/validate", body(sts)),
        call("POST", "/warehouses", body(sts)),
        call("POST", "/warehouses", body(sts)),
        call("GET", "/warehouses/s"),
        call("GET", "/warehouses"),
        call("PUT", "/warehouses/s", {"storage_config": {"s3.region": "us-east-1"}}),
        call("PUT", "/warehouses/s", {"storage_config": {"s3.session-token": SECRET}}),
        call("PUT", "/warehouses/s", {"storage_config": {"s3.bucket": SECRET[:6], "x": SECRET}}),
        call("POST", "/warehouses", body(sts, **{"s3.access-key-id": ""}) | {"name": "t"}),
        call("POST", "/warehouses", {"name": "t", "vending_strategy": {"AwsStatic": {}}}),
        call("GET", "/audit?limit=100"),
        call("GET", "/catalogs"),
    ]
    sts.next = [refusal(403, "AccessDenied")] * 50
    said.append(call("POST", "/warehouses/s/check"))
    assert {answer.status_code for answer in said} >= {200, 201, 400, 409}
    assert len(sts.asked) > 5
    answers = "\n".join(answer.text for answer in said)
    lines = logged()
    assert "POST /api/v1/warehouses/s/check 200" in lines
    out = io.BytesIO()
    export.export(ctx.runtime.store, out, tenant=None, now_ms=1)
    assert b'"audit"' in out.getvalue() and b'"warehouse_check"' in out.getvalue()
    for canary in CANARIES:
        assert canary not in answers, canary
        assert canary not in lines, canary
        assert canary.encode() not in out.getvalue(), canary
        assert json.dumps(canary).strip('"').encode() not in out.getvalue(), canary


def test_only_prepare_tells_the_external_id(
    call: Call, sts: NotingSts, settings: Settings, logged: Read
) -> None:
    logs.configure(settings)
    answer = call("POST", "/warehouses/prepare", body(sts))
    assert EXTERNAL_ID in answer.text
    assert SECRET not in answer.text
    assert EXTERNAL_ID not in logged()
