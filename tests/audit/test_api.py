"""The log over HTTP: changes, denials and filters as clients see them."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pangolin.services.authn import tokens
from pangolin.services.authn.principals import principal_of, read_stamp
from pangolin.services.authn.tokens import Terms
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.store.api import ABSENT, Put
from pangolin.store.identity_documents import PrincipalDoc
from pangolin.store.kinds import PRINCIPAL

Get = Callable[..., TestResponse]
NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
def get(client: FlaskClient) -> Get:
    """Read the log as root, or as anyone who a token is of."""

    def get(path: str = "", token: str = "", **query: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client.get(f"/api/v1/audit{path}", query_string=query, headers=headers)

    return get


@pytest.fixture
def made(client: FlaskClient) -> None:
    """Five tenants, made by root."""
    for name in NAMES:
        answer = client.post("/api/v1/tenants", json={"name": name}, headers={"User-Agent": "cli"})
        assert answer.status_code == 201, answer.text


def token_of(runtime: Runtime, role: str, tenant: str = DEFAULT_TENANT) -> str:
    """Make somebody with a role, and a token of theirs."""
    now = runtime.clock()
    doc: PrincipalDoc = {
        "tenant": tenant,
        "id": f"id-{role}",
        "type": "user",
        "name": role,
        "role": role,
        "active": True,
        "created_at_ms": now,
    }
    runtime.store.apply(Put(PRINCIPAL, doc, ABSENT))
    principal = principal_of(doc, read_stamp(runtime, tenant, doc["id"]))
    terms = Terms(expires_at_ms=now + 3_600_000, auth_time_ms=now, use="login")
    issued, batch = tokens.prepare(runtime, principal, terms)
    runtime.store.apply(*batch)
    return issued.token


def test_changes_are_listed_newest_first_as_the_original_shows_them(get: Get, made: None) -> None:
    rows = get(action="create_tenant").get_json()
    assert [row["resource_name"] for row in rows] == list(reversed(NAMES))
    row = rows[0]
    assert (row["username"], row["result"], row["user_agent"]) == ("root", "success", "cli")
    assert (row["tenant_id"], row["resource_type"]) == (DEFAULT_TENANT, "tenant")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", row["timestamp"])
    assert row["error_message"] is None and row["ip_address"] == "127.0.0.1"
    assert get(f"/{row['id']}").get_json() == row


def test_links_lead_through_all_pages(get: Get, made: None, client: FlaskClient) -> None:
    answer = get(action="create_tenant", limit="2")
    names = []
    while True:
        names += [row["resource_name"] for row in answer.get_json()]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        if link is None:
            break
        answer = client.get(link[1])
    assert names == list(reversed(NAMES))


def test_older_clients_skip_by_offset(get: Get, made: None) -> None:
    rows = get(action="create_tenant", offset="3").get_json()
    assert [row["resource_name"] for row in rows] == ["b", "a"]


def test_records_are_counted_by_the_same_filters(get: Get, made: None) -> None:
    assert get("/count", action="create_tenant").get_json() == {"count": 5}
    assert get("/count", action="create_tenant", result="failure").get_json() == {"count": 0}
    assert get("/count", action="create_tenant", end_time="2001-01-01T00:00:00Z").get_json() == {
        "count": 0
    }


@pytest.mark.parametrize(
    "query",
    [
        {"action": "made_up"},
        {"resource_type": "made_up"},
        {"result": "maybe"},
        {"start_time": "yesterday"},
        {"end_time": "2024-01-01T00:00:00"},
        {"limit": "1001"},
        {"limit": "0"},
        {"offset": "-1"},
        {"page_token": "x"},
        {"made_up": "x"},
        {"all": "maybe"},
    ],
    ids=str,
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(
    get: Get, query: dict[str, str]
) -> None:
    answer = get(**query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.get_json()["error"]["message"]


def test_times_at_the_ends_of_the_calendar_are_no_failure(get: Get, made: None) -> None:
    first, last = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
    assert get("/count", start_time=first, end_time=last, action="create_tenant").get_json() == {
        "count": 5
    }


def test_a_record_that_is_not_there_is_404(get: Get) -> None:
    answer = get("/no-such-record")
    assert answer.get_json()["error"]["type"] == "NoSuchAuditRecordException"
    assert answer.status_code == 404


def test_a_denial_is_recorded_and_the_log_is_not_for_everybody(get: Get, runtime: Runtime) -> None:
    token = token_of(runtime, "tenant-user")
    for path in ("", "/count", "/some-id"):
        assert get(path, token).status_code == 403
    rows = get(action="permission_denied").get_json()
    assert [row["username"] for row in rows] == ["tenant-user"] * 3
    assert rows[0]["resource_type"] == "audit"
    assert (rows[0]["metadata"], rows[0]["result"]) == ({"action": "read"}, "failure")


def test_an_admin_reads_the_log_of_the_own_tenant_and_no_other(
    get: Get, made: None, runtime: Runtime, client: FlaskClient
) -> None:
    tenant = client.get("/api/v1/tenants").get_json()[0]["id"]
    token = token_of(runtime, "tenant-admin", tenant)
    (record, *_) = get(action="create_tenant").get_json()
    assert get("", token, action="create_tenant").get_json() == []
    assert get(f"/{record['id']}", token).status_code == 404
    assert get("", token, all="true").status_code == 403


def test_root_reads_the_log_of_all_tenants_when_asked(
    get: Get, made: None, client: FlaskClient
) -> None:
    tenant = client.get("/api/v1/tenants").get_json()[0]["id"]
    named = {"X-Pangolin-Tenant": tenant}
    assert client.put("/api/v1/config/settings", json={}, headers=named).status_code == 200
    assert get("/count", action="update_settings").get_json() == {"count": 0}
    (row,) = get(action="update_settings", all="true").get_json()
    assert row["tenant_id"] == tenant
    assert get(f"/{row['id']}").status_code == 404
    assert get(f"/{row['id']}", all="true").get_json() == row
