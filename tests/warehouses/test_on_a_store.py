"""Warehouses on a store with STS, and on one that nobody answers for."""

from dataclasses import replace
from typing import Any

import pytest

from pangolin.settings import Settings
from tests.answers import made
from tests.servers.seaweed import Seaweed, free_ports, seaweed
from tests.warehouses.conftest import ROLE, S3
from tests.worlds.management import Call

__all__ = ["seaweed"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that may reach loopback, and refuses what fails."""
    return replace(settings, endpoint_networks=("loopback",), warehouse_checks="require")


def on(endpoint: str, server: Seaweed | None = None, **more: str) -> dict[str, Any]:
    config = S3 | {"s3.endpoint": endpoint, "s3.region": "us-east-1", "s3.role-arn": ROLE}
    if server:
        config |= {
            "s3.bucket": server.bucket,
            "s3.access-key-id": server.access_key,
            "s3.secret-access-key": server.secret_key,
            "s3.role-arn": server.role_arn,
        }
    return {"name": "s", "use_sts": True, "storage_config": config | {"s3.prefix": "wh"} | more}


def test_a_store_whose_sessions_are_narrow_is_taken(call: Call, seaweed: Seaweed) -> None:
    found = made(call("POST", "/warehouses/validate", on(seaweed.endpoint, seaweed)), 200)
    assert found["valid"], found
    names = {check["name"] for check in found["checks"] if check["result"] == "passed"}
    assert names >= {"inside", "sibling-read", "sibling-write", "sibling-list", "read-only-write"}
    shown = made(call("POST", "/warehouses", on(seaweed.endpoint, seaweed)))
    assert {check["name"] for check in shown["checks"]} >= names


def test_a_key_that_the_store_does_not_know_is_refused(call: Call, seaweed: Seaweed) -> None:
    body = on(seaweed.endpoint, seaweed, **{"s3.secret-access-key": "not-the-secret-at-all"})
    answer = call("POST", "/warehouses", body)
    assert answer.status_code == 400
    assert "not-the-secret" not in answer.text
    assert call("GET", "/warehouses").json == []


def test_a_store_that_nobody_answers_for_fails_in_time(call: Call) -> None:
    body = on(f"http://127.0.0.1:{free_ports(1)[0]}")
    found = made(call("POST", "/warehouses/validate", body), 200)
    assert not found["valid"]
    assert {check["result"] for check in found["checks"]} == {"failed", "skipped"}
