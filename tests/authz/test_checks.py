"""Permission checks: a thousand at once, with their grounds."""

import time
from typing import Any

import pytest
from flask import Flask

from pangolin.services.authz import checks as permission_checks
from pangolin.services.grants import roles
from pangolin.store.api import Put
from pangolin.store.kinds import PRINCIPAL
from tests.answers import message
from tests.counting import CountingStore
from tests.worlds.lake import IN_LAKE, Caller, Lake, asset, lake_on, put_principal
from tests.worlds.lake_server import Person

PATH = "/api/v1/permissions/check"
TABLE = {"type": "table", "catalog": "lake", "namespace": "a.b", "name": "t"}


def check(action: str = "read", **resource: Any) -> dict[str, Any]:
    return {"action": action, "resource": resource or TABLE}


def results(by: Caller, *checks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = by("POST", PATH, {"checks": list(checks), **more})
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["results"])


def test_the_grant_that_allows_is_named(admin: Caller, ann: Caller, catalog_id: str) -> None:
    role = admin("POST", "/api/v1/roles", {"name": "readers"}).get_json()["id"]
    admin("POST", "/api/v1/users/ann/roles", {"role-id": role})
    where = {"type": "catalog", "catalog_id": catalog_id}
    body = {"role-id": role, "scope": where, "actions": ["read"]}
    grant = admin("POST", "/api/v1/permissions", body).get_json()["id"]
    asked = [
        check(),
        check("write"),
        check(type="catalog", catalog="lake"),
        check(type="namespace", catalog="lake", namespace=["a", "b"], ref="dev"),
        check(type="branch", catalog="lake", name="dev"),
        check(type="catalog"),
        check("list", type="plugins"),
        check(type="role", name="x"),
    ]
    answers = results(ann, *asked)
    assert [each["allowed"] for each in answers] == [
        True,
        False,
        True,
        True,
        True,
        False,
        True,
        False,
    ]
    by_role = "a grant of the role readers on the catalog"
    assert answers[0] == {"allowed": True, "reason": by_role, "grant-id": grant}
    assert answers[1] == {"allowed": False, "reason": "no grant allows it", "grant-id": None}
    assert results(admin, *asked, **{"principal-id": "ann"}) == answers


def test_an_admin_is_allowed_by_its_role(admin: Caller, catalog_id: str) -> None:
    answers = results(admin, check("delete"), check("delete", type="tenant"))
    assert answers[0] == {"allowed": True, "reason": "the role tenant-admin", "grant-id": None}
    assert not answers[1]["allowed"]


def test_only_admins_ask_about_others(
    app: Flask, admin: Caller, ann: Caller, person: Person, catalog_id: str
) -> None:
    person("bob")
    assert message(ann("POST", PATH, {"checks": [], "principal-id": "bob"}), 403)
    assert results(ann, check(), **{"principal-id": "ann"})[0]["allowed"] is False
    assert message(admin("POST", PATH, {"checks": [], "principal-id": "nobody"}), 404)
    runtime = app.extensions["pangolin"].runtime
    other = put_principal(runtime, "t2", "eve")
    assert message(admin("POST", PATH, {"checks": [], "principal-id": other["id"]}), 404)
    doc = put_principal(runtime, other["tenant"], "x") | {"tenant": "0" * 8}
    assert doc["active"]


def test_who_is_not_active_may_do_nothing(app: Flask, admin: Caller, person: Person) -> None:
    person("bob", "tenant-admin")
    runtime = app.extensions["pangolin"].runtime
    (record,) = (r for r in runtime.store.scan(PRINCIPAL) if r.doc["id"] == "bob")
    runtime.store.apply(Put(PRINCIPAL, record.doc | {"active": False}, record.version))
    (answer,) = results(admin, check(), **{"principal-id": "bob"})
    assert answer == {
        "allowed": False,
        "reason": "the principal is not active",
        "grant-id": None,
    }


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (check("fly"), "checks.0.action"),
        (check(type="planet"), "checks.0.resource.type"),
        (check(type="table", catalog="lake", namespace="a"), "checks.0.resource.name"),
        (check(type="table", catalog="lake", name="a"), "checks.0.resource.namespace"),
        (check(type="namespace", namespace="a"), "checks.0.resource.catalog"),
        (check(type="tag", catalog="lake"), "checks.0.resource.name"),
        (check(type="table", catalog="lake", namespace=[1], name="x"), "namespace"),
        (check(type="table", catalog="lake", namespace=["a\x00"], name="x"), "namespace"),
        (check(type="table", catalog="lake", size=1), "checks.0.resource.size"),
    ],
)
def test_a_bad_check_is_named(ann: Caller, asked: dict[str, Any], said: str) -> None:
    assert said in message(ann("POST", PATH, {"checks": [asked]}), 400)


def test_there_are_at_most_a_thousand(ann: Caller) -> None:
    assert "1000" in message(ann("POST", PATH, {"checks": [check()] * 1001}), 400)
    assert len(results(ann, *[check()] * 1000)) == 1000


def test_a_thousand_checks_read_the_rights_once_and_the_assets_in_a_few_batches(
    tmp_path: Any,
) -> None:
    store = CountingStore()
    lake = lake_on(tmp_path, store)
    ann = lake.person("ann")
    role = roles.create(lake.root, {"name": "r"})["id"]
    lake.grant("ann", asset(lake.asset("a", "t7")), "read")
    lake.grant("", IN_LAKE | {"ref": "dev"}, "write", role_id=role)
    asked = [
        check(type="asset", catalog="lake", namespace="a", name=f"t{number}")
        for number in range(1000)
    ]
    permission_checks.check(ann, asked)
    store.trips.clear()
    began = time.perf_counter()
    answers = permission_checks.check(ann, asked)
    spent = time.perf_counter() - began
    assert [at for at, each in enumerate(answers) if each["allowed"]] == [7]
    # The stamp, and the names in batches.
    assert store.trips == ["get_many"] * 5
    assert spent < 1


def test_a_lake_is_asked_about_without_a_trip_where_no_asset_is_granted(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE, "read")
    answers = permission_checks.check(ann, [check()] * 1000)
    assert all(each["allowed"] for each in answers)
