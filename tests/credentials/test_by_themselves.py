"""Credentials by themselves: the refresh endpoint and the flat maps of the management API."""

from urllib.parse import quote

import pytest

from tests.credentials.conftest import ASK, Call, made
from tests.credentials.test_loading import ALL, READ, Person, Table
from tests.credentials.vendor import SECRET, CountingVendor, granted
from tests.samples import SCHEMA, TABLES

FLAT = "/api/v1/catalogs/lake/tables"


def test_the_refresh_endpoint_gives_the_credential_of_a_load(call: Call, table: Table) -> None:
    loaded = made(call("GET", f"{TABLES}/t", **ASK))
    answer = call("GET", f"{TABLES}/t/credentials?planId=p")
    assert made(answer) == {"storage-credentials": loaded["storage-credentials"]}
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_path_that_clients_are_told_leads_to_the_table_whatever_its_name(
    call: Call, lake: str
) -> None:
    levels, name = ["a.b", "c d%"], "t/ü ?"
    made(call("POST", "/v1/lake/namespaces", {"namespace": levels[:1]}))
    made(call("POST", "/v1/lake/namespaces", {"namespace": levels}))
    path = "%1F".join(quote(level, safe="") for level in levels)
    tables = f"/v1/lake/namespaces/{path}/tables"
    body = made(call("POST", tables, {"name": name, "schema": SCHEMA}, **ASK))
    endpoint = body["config"]["client.refresh-credentials-endpoint"]
    fresh = made(call("GET", f"/{endpoint}"))
    assert fresh["storage-credentials"] == body["storage-credentials"]


@pytest.mark.parametrize("actions", [(), ("create",)])
def test_who_may_not_read_a_table_gets_no_credential(
    call: Call, table: Table, person: Person, vendor: CountingVendor, actions: tuple[str, ...]
) -> None:
    by = person("nobody", *actions)
    assert call("GET", f"{TABLES}/t/credentials", by=by).status_code == 403
    assert call("GET", f"{FLAT}/db.t/credentials", by=by).status_code == 403
    assert call("GET", f"{FLAT}/db.none/credentials", by=by).status_code in (403, 200)
    assert [grant for grant in vendor.grants if "none" not in str(grant.access)] == []


def test_the_flat_map_has_the_properties_of_a_load(
    call: Call, table: Table, person: Person, vendor: CountingVendor
) -> None:
    loaded = made(call("GET", f"{TABLES}/t", **ASK))
    answer = call("GET", f"{FLAT}/db.t/credentials")
    assert made(answer) == loaded["config"]
    assert answer.headers["Cache-Control"] == "no-store"
    made(call("GET", f"{FLAT}/db.t/credentials", by=person("reader", "read")))
    assert granted(vendor) == [ALL, READ]


def test_a_table_that_is_not_there_gets_a_place_in_which_it_can_be_made(
    call: Call, lake: str, person: Person, vendor: CountingVendor
) -> None:
    by = person("maker", "create")
    found = made(call("GET", f"{FLAT}/db.t/credentials", by=by))
    assert found["counting.secret"].startswith(SECRET)
    assert granted(vendor) == [{"read": ["t"], "write": ["t"], "delete": []}]
    location = found["location"]
    assert "/lake/db/t-" in location
    body = {"name": "t", "schema": SCHEMA, "location": location}
    assert made(call("POST", TABLES, body, by=by))["metadata"]["location"] == location
    # Each asks for a place of its own.
    other = made(call("GET", f"{FLAT}/db.u/credentials", by=by))["location"]
    assert other != made(call("GET", f"{FLAT}/db.u/credentials", by=by))["location"]


def test_the_namespace_of_such_a_table_need_not_be_there(call: Call, lake: str) -> None:
    found = made(call("GET", f"{FLAT}/later.t/credentials"))
    assert "/lake/later/t-" in found["location"]


def test_no_place_lies_in_the_directory_of_a_table(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    inside = {"updates": {"location": table["metadata"]["location"]}, "removals": []}
    made(call("POST", "/v1/lake/namespaces/db/properties", inside))
    answer = call("GET", f"{FLAT}/db.none/credentials")
    assert answer.status_code == 400
    assert "inside the directory of another table" in answer.get_json()["error"]["message"]
    assert vendor.grants == []


def test_who_may_only_read_gets_no_place_for_a_table(
    call: Call, lake: str, person: Person, vendor: CountingVendor
) -> None:
    by = person("reader", "read")
    assert call("GET", f"{FLAT}/db.none/credentials", by=by).status_code == 403
    assert vendor.grants == []


def test_nothing_is_made_on_a_tag(call: Call, table: Table, vendor: CountingVendor) -> None:
    made(call("POST", "/api/v1/tags", {"name": "v1", "catalog": "lake"}))
    found = call("GET", "/api/v1/catalogs/lake@v1/tables/db.none/credentials")
    assert found.status_code == 400
    assert vendor.grants == []


def test_admins_get_credentials_for_a_directory_of_a_warehouse(
    call: Call, table: Table, vendor: CountingVendor
) -> None:
    root = table["metadata"]["location"].partition("/w/")[0] + "/w"
    made(call("GET", "/api/v1/warehouses/w/credentials"))
    place = table["metadata"]["location"]
    made(call("GET", f"/api/v1/warehouses/w/credentials?location={quote(place)}"))
    assert [grant.access.read for grant in vendor.grants] == [(root,), (place,)]
    assert all(g.access.read == g.access.write == g.access.delete for g in vendor.grants)


@pytest.mark.parametrize("place", ["file:///etc", "s3://b/w", "/w", "{root}/../x", "{root}2"])
def test_a_place_outside_of_the_warehouse_is_refused(
    call: Call, table: Table, vendor: CountingVendor, place: str
) -> None:
    root = table["metadata"]["location"].partition("/w/")[0] + "/w"
    asked = quote(place.format(root=root))
    answer = call("GET", f"/api/v1/warehouses/w/credentials?location={asked}")
    assert answer.status_code == 400
    assert vendor.grants == []


def test_nobody_else_gets_credentials_of_a_warehouse(
    call: Call, table: Table, person: Person, vendor: CountingVendor
) -> None:
    by = person("writer", "all")
    assert call("GET", "/api/v1/warehouses/w/credentials", by=by).status_code == 403
    assert vendor.grants == []


def test_a_warehouse_that_vends_nothing_says_so(call: Call, table: Table) -> None:
    made(call("PUT", "/api/v1/warehouses/w", {"vending_strategy": None}))
    for path in (
        f"{TABLES}/t/credentials",
        f"{FLAT}/db.t/credentials",
        "/api/v1/warehouses/w/credentials",
    ):
        answer = call("GET", path)
        assert answer.status_code == 400
        assert "vends no credentials" in answer.get_json()["error"]["message"]
