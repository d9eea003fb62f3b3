"""A warehouse with `use_sts` and a role, a catalog, and a session for a table: against an STS.

moto shows that the calls are as they should be; it knows no session policies.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pangolin.settings import Settings
from tests.credentials.conftest import Call, made
from tests.samples import SCHEMA
from tests.servers.moto import EXTERNAL_ID, Moto, running_moto, who

FLOW = "/api/v1/catalogs/test-catalog/tables/db.table/credentials"


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    """A server that knows IAM."""
    with running_moto() as server:
        yield server


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings that allow warehouses on this host."""
    return replace(settings, endpoint_networks=("loopback",))


@pytest.fixture
def catalog(call: Call, moto: Moto) -> str:
    """The catalog, in a warehouse whose credentials are sessions of a role."""
    config = {
        "type": "s3",
        "bucket": moto.bucket,
        "region": "us-east-1",
        "endpoint": moto.endpoint,
        "access_key_id": moto.access_key,
        "secret_access_key": moto.secret_key,
        "role_arn": moto.role_arn,
        "external_id": EXTERNAL_ID,
    }
    warehouse = {"name": "test-warehouse", "use_sts": True, "storage_config": config}
    made(call("POST", "/api/v1/warehouses", warehouse), 201)
    body = {"name": "test-catalog", "warehouse": "test-warehouse"}
    made(call("POST", "/api/v1/catalogs", body), 201)
    return "test-catalog"


def test_a_table_that_is_not_there_gets_a_session(call: Call, catalog: str, moto: Moto) -> None:
    found = made(call("GET", FLOW))
    assert found["s3.access-key-id"] != moto.access_key
    assert found["s3.secret-access-key"] != moto.secret_key
    assert found["s3.session-token"]
    ends = int(found["s3.session-token-expires-at-ms"])
    assert 0 < ends / 1000 - time.time() <= 3601
    assert found["s3.region"] == found["client.region"] == "us-east-1"
    assert found["s3.endpoint"] == moto.endpoint
    assert found["location"].startswith(f"s3://{moto.bucket}/test-catalog/db/table-")
    assert f"assumed-role/{moto.role_arn.rpartition('/')[2]}/" in who(moto, found)


def test_the_session_makes_the_table_in_its_place(call: Call, catalog: str, moto: Moto) -> None:
    location = made(call("GET", FLOW))["location"]
    made(call("POST", "/v1/test-catalog/namespaces", {"namespace": ["db"]}))
    body = {"name": "table", "schema": SCHEMA, "location": location}
    table = made(call("POST", "/v1/test-catalog/namespaces/db/tables", body))
    assert table["metadata"]["location"] == location
    found = made(call("GET", FLOW))
    assert "location" not in found
    endpoint = "v1/test-catalog/namespaces/db/tables/table/credentials"
    assert found["client.refresh-credentials-endpoint"] == endpoint
    [again] = made(call("GET", f"/{endpoint}"))["storage-credentials"]
    assert again == {"prefix": location, "config": again["config"]}
    assert again["config"].items() <= found.items()


def test_a_role_that_is_not_named_is_asked_for(call: Call) -> None:
    warehouse = {"name": "w", "use_sts": True, "storage_config": {"type": "s3", "bucket": "bkt"}}
    answer = call("POST", "/api/v1/warehouses", warehouse)
    assert answer.status_code == 400
    assert "s3.role-arn is required" in answer.get_json()["error"]["message"]


def test_a_strategy_that_nothing_serves_is_refused_with_those_there_are(call: Call) -> None:
    warehouse = {
        "name": "w",
        "storage_config": {"type": "s3", "bucket": "bkt"},
        "vending_strategy": {"Counting": {}},
    }
    answer = call("POST", "/api/v1/warehouses", warehouse)
    assert answer.status_code == 400
    assert "is for warehouses of type file" in answer.get_json()["error"]["message"]
