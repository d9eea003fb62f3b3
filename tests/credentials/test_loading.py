"""Credentials in the answers of load, create, staged create and register."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from pangolin.errors import BadRequest, Forbidden, PangolinError, Unavailable
from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import AUDIT
from tests.credentials.conftest import ASK, Call, made
from tests.credentials.vendor import SECRET, CountingVendor, granted
from tests.samples import SCHEMA, TABLES

Table = dict[str, Any]
Person = Callable[..., str]
READ = {"read": ["t"], "write": [], "delete": []}
ALL = {"read": ["t"], "write": ["t"], "delete": ["t"]}


def test_nothing_is_vended_to_who_does_not_ask(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    answer = call("GET", f"{TABLES}/t")
    assert "storage-credentials" not in made(answer)
    assert SECRET not in answer.text
    assert vendor.grants == []


def test_a_load_has_the_credential_in_config_and_beside_it(call: Call, table: Table) -> None:
    answer = call("GET", f"{TABLES}/t", **ASK)
    body = made(answer)
    location = body["metadata"]["location"]
    [credential] = body["storage-credentials"]
    assert credential["prefix"] == location and not location.endswith("/")
    assert credential["config"].items() <= body["config"].items()
    assert credential["config"]["counting.secret"] == f"{SECRET}-1"
    endpoint = credential["config"]["client.refresh-credentials-endpoint"]
    assert endpoint == "v1/lake/namespaces/db/tables/t/credentials"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_lane_and_flask_answer_alike(call: Call, table: Table) -> None:
    short = call("GET", f"{TABLES}/t", **ASK)
    # Anyone who names an origin is looked at by Flask.
    long = call("GET", f"{TABLES}/t", Origin="http://localhost", **ASK)
    assert short.get_json() == long.get_json()
    assert short.headers["Cache-Control"] == long.headers["Cache-Control"]
    assert short.headers["ETag"] == long.headers["ETag"]


@pytest.mark.parametrize(
    ("actions", "found"),
    [
        (("read",), READ),
        (("read", "update"), {"read": ["t"], "write": ["t"], "delete": []}),
        (("read", "delete"), {"read": ["t"], "write": [], "delete": ["t"]}),
        (("write",), ALL),
    ],
)
def test_the_privilege_is_what_the_caller_may_do(
    call: Call,
    table: Table,
    person: Person,
    vendor: CountingVendor,
    actions: tuple[str, ...],
    found: dict[str, list[str]],
) -> None:
    made(call("GET", f"{TABLES}/t", by=person("somebody", *actions), **ASK))
    assert granted(vendor) == [found]


def test_a_grant_on_a_branch_writes_on_that_branch_only(
    call: Call, table: Table, person: Person, vendor: CountingVendor
) -> None:
    made(call("POST", "/api/v1/branches", {"name": "dev", "catalog": "lake"}), 201)
    by = person("brancher", "write", ref="dev")
    catalog = call("GET", "/api/v1/catalogs/lake").get_json()["id"]
    users = {user["username"]: user["id"] for user in call("GET", "/api/v1/users").get_json()}
    where = {"type": "catalog", "catalog_id": catalog}
    read = {"user-id": users["brancher"], "scope": where, "actions": ["read"]}
    made(call("POST", "/api/v1/permissions", read), 201)
    made(call("GET", f"{TABLES}/t", by=by, **ASK))
    made(call("GET", "/v1/lake@dev/namespaces/db/tables/t", by=by, **ASK))
    assert granted(vendor) == [READ, ALL]


def test_a_tag_is_only_read_whoever_asks(call: Call, table: Table, vendor: CountingVendor) -> None:
    made(call("POST", "/api/v1/tags", {"name": "v1", "catalog": "lake"}))
    body = made(call("GET", "/v1/lake@v1/namespaces/db/tables/t", **ASK))
    assert granted(vendor) == [READ]
    endpoint = body["config"]["client.refresh-credentials-endpoint"]
    assert endpoint == "v1/lake@v1/namespaces/db/tables/t/credentials"
    made(call("GET", f"/{endpoint}"))


def test_every_place_that_the_table_writes_to_is_in_the_credential(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    root = table["metadata"]["location"].rpartition("/")[0]
    updates = {"write.data.path": f"{root}/data-apart", "write.metadata.path": f"{root}/meta"}
    commit = {"updates": [{"action": "set-properties", "updates": updates}], "requirements": []}
    made(call("POST", f"{TABLES}/t", commit))
    made(call("GET", f"{TABLES}/t", **ASK))
    assert granted(vendor)[0]["write"] == ["t", "data", "meta"]


def test_a_create_is_answered_with_a_credential(
    call: Call, lake: str, vendor: CountingVendor
) -> None:
    body = made(call("POST", TABLES, {"name": "t", "schema": SCHEMA}, **ASK))
    assert body["storage-credentials"][0]["prefix"] == body["metadata"]["location"]
    assert granted(vendor) == [ALL]
    made(call("GET", f"{TABLES}/t", **ASK))
    assert len(vendor.grants) == 1


def test_a_staged_create_is_answered_with_a_credential_for_its_place(
    call: Call, lake: str, person: Person, vendor: CountingVendor
) -> None:
    by = person("maker", "create")
    staged = {"name": "t", "schema": SCHEMA, "stage-create": True}
    body = made(call("POST", TABLES, staged, by=by, **ASK))
    assert "metadata-location" not in body
    assert body["storage-credentials"][0]["prefix"] == body["metadata"]["location"]
    assert granted(vendor) == [{"read": ["t"], "write": ["t"], "delete": []}]
    # There is nothing to ask for a new one yet.
    assert not any("refresh" in name for name in body["config"])


def test_a_staged_create_in_anothers_directory_is_refused_before_anything_is_minted(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    place = {"location": f"{table['metadata']['location']}/inside"}
    staged = {"name": "u", "schema": SCHEMA, "stage-create": True} | place
    assert call("POST", TABLES, staged, **ASK).status_code == 400
    assert vendor.grants == []


def test_a_register_is_answered_with_a_credential(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    made(call("POST", f"{TABLES}/t/unregister"))
    body = {"name": "t", "metadata-location": table["metadata-location"]}
    answer = made(call("POST", "/v1/lake/namespaces/db/register", body, **ASK))
    assert answer["storage-credentials"][0]["config"]["counting.key-id"] == "key-1"


FAILURES: list[tuple[PangolinError, int]] = [
    (Forbidden("the cloud refuses"), 403),
    (BadRequest("these do not fit: a, b"), 400),
    (Unavailable("the cloud is away"), 503),
]


@pytest.mark.parametrize(("error", "status"), FAILURES)
def test_a_load_fails_if_vending_fails(
    call: Call, table: Table, vendor: CountingVendor, error: PangolinError, status: int
) -> None:
    vendor.error = error
    answer = call("GET", f"{TABLES}/t", **ASK)
    assert answer.status_code == status
    assert answer.get_json()["error"]["message"] == error.message
    made(call("GET", f"{TABLES}/t"))


def test_no_table_is_made_if_vending_fails(call: Call, lake: str, vendor: CountingVendor) -> None:
    vendor.error = Unavailable("the cloud is away")
    answer = call("POST", TABLES, {"name": "t", "schema": SCHEMA}, **ASK)
    assert answer.status_code == 503
    assert call("HEAD", f"{TABLES}/t").status_code == 404


def test_who_may_create_and_not_read_gets_no_credential_of_what_is_there(
    call: Call, lake: str, person: Person, vendor: CountingVendor
) -> None:
    by = person("maker", "create")
    body = made(call("POST", TABLES, {"name": "t", "schema": SCHEMA}, by=by, **ASK))
    assert "storage-credentials" not in body
    assert vendor.grants == []


def test_a_repeated_create_is_answered_with_a_credential_too(
    call: Call, lake: str, vendor: CountingVendor
) -> None:
    key = {"Idempotency-Key": "0190b5f0-0000-7000-8000-000000000001"}
    body = {"name": "t", "schema": SCHEMA}
    first = made(call("POST", TABLES, body, **ASK, **key))
    assert made(call("POST", TABLES, body, **ASK, **key)) == first
    assert len(vendor.grants) == 1


def test_each_hand_out_is_recorded_once_for_a_principal_a_table_and_a_credential(
    call: Call, table: Table, person: Person, runtime: Runtime
) -> None:
    by = person("reader", "read")
    for who in ("", "", by, by):
        made(call("GET", f"{TABLES}/t", by=who, **ASK))
    found = [r.doc for r in runtime.store.scan(AUDIT) if r.doc["action"] == "vend_credentials"]
    assert [doc["username"] for doc in found] == ["root", "reader"]
    details = found[1]["metadata"]
    assert found[1]["resource_name"] == "lake.db.t"
    assert details["privileges"] == ["read"] and details["key-id"] == "key-2"
    assert SECRET not in str(found)


def test_a_refusal_of_the_cloud_is_recorded_once_an_hour(
    call: Call, table: Table, vendor: CountingVendor, runtime: Runtime
) -> None:
    vendor.error = Forbidden("the cloud refuses")
    for _ in range(3):
        assert call("GET", f"{TABLES}/t", **ASK).status_code == 403
    found = [r.doc for r in runtime.store.scan(AUDIT) if r.doc["action"] == "vend_credentials"]
    assert [(doc["result"], doc["error_message"]) for doc in found] == [
        ("failure", "the cloud refuses")
    ]


def test_what_becomes_of_credentials_is_counted(call: Call, table: Table) -> None:
    before = counted(call)
    for _ in range(3):
        made(call("GET", f"{TABLES}/t", **ASK))
    after = counted(call)
    assert after["minted"] - before.get("minted", 0) == 1
    assert after["hit"] - before.get("hit", 0) == 2


def counted(call: Call) -> dict[str, float]:
    """Read the counter of credentials."""
    text = call("GET", "/metrics").text
    found = re.findall(r'pangolin_credentials_total{result="(\w+)"} ([0-9.e+]+)', text)
    return {result: float(count) for result, count in found}


def test_clients_are_told_to_ask_where_the_warehouse_vends(call: Call, lake: str) -> None:
    config = made(call("GET", "/v1/config?warehouse=lake"))
    assert config["defaults"] == {"header.X-Iceberg-Access-Delegation": "vended-credentials"}
    assert (
        "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials"
        in (config["endpoints"])
    )
    made(call("PUT", "/api/v1/warehouses/w", {"vending_strategy": "None"}))
    assert made(call("GET", "/v1/config?warehouse=lake"))["defaults"] == {}
    assert "storage-credentials" not in made(
        call("POST", TABLES, {"name": "t", "schema": SCHEMA}, **ASK)
    )


def test_another_version_of_the_warehouse_has_other_credentials(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    made(call("GET", f"{TABLES}/t", **ASK))
    made(call("PUT", "/api/v1/warehouses/w", {"use_sts": True}))
    made(call("GET", f"{TABLES}/t", **ASK))
    assert len(vendor.grants) == 2
