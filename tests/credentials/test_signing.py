"""Requests signed for clients: what the signer is given, and what clients are told."""

import pytest

from pangolin.services.context.runtime import Runtime
from pangolin.store.kinds import AUDIT
from tests.credentials.conftest import SIGN, Call, made
from tests.credentials.test_loading import Person, Table
from tests.credentials.vendor import CountingVendor
from tests.samples import TABLES


def wanted(table: Table, path: str = "data/f", **more: object) -> dict[str, object]:
    """Build a request to read a file of the table."""
    uri = f"{table['metadata']['location']}/{path}"
    return {"region": "r", "uri": uri, "method": "GET", "headers": {}} | more


def test_a_load_says_where_requests_are_signed(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    body = made(call("GET", f"{TABLES}/t", **SIGN))
    place = "v1/lake/namespaces/db/tables/t/sign"
    assert body["config"]["signer.endpoint"] == body["config"]["s3.signer.endpoint"] == place
    assert body["config"]["counting.signed"] == "true"
    assert "storage-credentials" not in body
    assert vendor.grants == vendor.sessions == []
    made(call("POST", f"/{place}", wanted(table)))


def test_credentials_go_before_signing_for_who_takes_both(call: Call, table: Table) -> None:
    both = {"X-Iceberg-Access-Delegation": "remote-signing, vended-credentials"}
    body = made(call("GET", f"{TABLES}/t", **both))
    assert body["storage-credentials"] and "signer.endpoint" not in body["config"]


def test_requests_are_signed_with_one_session_of_the_table(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    for method, kept in (("GET", "private"), ("PUT", "no-cache")):
        answer = call("POST", f"{TABLES}/t/sign", wanted(table, method=method))
        assert made(answer)["headers"] == {"authorization": ["signed"]}
        assert answer.headers["Cache-Control"] == kept
    assert len(vendor.sessions) == 1 and vendor.grants == []
    _, _, protected, session = vendor.asked[0]
    assert protected == (table["metadata-location"],)
    assert session is not None and session.config["counting.key-id"] == "key-1"


def test_a_store_without_sessions_is_asked_for_one_once(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    vendor.has_sessions = False
    for _ in range(2):
        made(call("POST", f"{TABLES}/t/sign", wanted(table)))
    assert [session for *_, session in vendor.asked] == [None, None]


def test_the_signer_is_given_what_the_caller_may_do(
    call: Call, table: Table, person: Person, vendor: CountingVendor
) -> None:
    made(call("POST", f"{TABLES}/t/sign", wanted(table), by=person("reader", "read")))
    access = vendor.asked[0][0].access
    assert access.read == (table["metadata"]["location"],)
    assert access.write == access.delete == ()


def test_header_names_that_differ_in_case_are_one_header(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    headers = {"X-A": ["1"], "x-a": ["2"]}
    made(call("POST", f"{TABLES}/t/sign", wanted(table, headers=headers)))
    assert vendor.asked[0][1].headers == {"x-a": ("1", "2")}


@pytest.mark.parametrize("actions", [(), ("create",)])
def test_nothing_is_signed_for_who_may_not_read(
    call: Call, table: Table, person: Person, vendor: CountingVendor, actions: tuple[str, ...]
) -> None:
    answer = call("POST", f"{TABLES}/t/sign", wanted(table), by=person("nobody", *actions))
    assert answer.status_code == 403
    assert not vendor.asked and not vendor.sessions


def test_a_refusal_names_its_rule_and_is_recorded_once_an_hour(
    call: Call, table: Table, runtime: Runtime
) -> None:
    outside = wanted(table) | {"uri": "s3://other/file"}
    for _ in range(3):
        answer = call("POST", f"{TABLES}/t/sign", outside)
        assert answer.status_code == 403
        assert answer.get_json()["error"]["message"] == "this request is not signed"
    found = [r.doc for r in runtime.store.scan(AUDIT) if r.doc["action"] == "sign_request"]
    assert [(doc["result"], doc["metadata"]) for doc in found] == [("failure", {"rule": "outside"})]


def test_the_session_of_a_signer_is_recorded_and_never_answered(
    call: Call, table: Table, runtime: Runtime
) -> None:
    for _ in range(2):
        answer = call("POST", f"{TABLES}/t/sign", wanted(table))
        assert "secret" not in answer.text
    found = [r.doc for r in runtime.store.scan(AUDIT) if r.doc["action"] == "vend_credentials"]
    assert [doc["metadata"]["mode"] for doc in found] == ["remote-signing"]


def test_a_warehouse_without_a_signer_says_so(call: Call, table: Table) -> None:
    made(call("PUT", "/api/v1/warehouses/w", {"vending_strategy": None}))
    answer = call("POST", f"{TABLES}/t/sign", wanted(table))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "broken",
    [{"region": None}, {"uri": 7}, {"method": "CONNECT"}, {"headers": {"a": "b"}}, {"body": 1}],
)
def test_what_is_no_request_is_refused(call: Call, table: Table, broken: dict[str, object]) -> None:
    answer = call("POST", f"{TABLES}/t/sign", wanted(table) | broken)
    assert answer.status_code == 400
