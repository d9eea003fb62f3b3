"""Business metadata: who may write what about an asset, and what tags do."""

from typing import Any

import pytest
from flask import Flask

from pangolin.services.assets import assets
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.store.kinds import ASSET_NOTE, ASSET_TAG
from tests.answers import message
from tests.worlds.lake import Caller
from tests.worlds.lake_server import Person

NOTE: dict[str, Any] = {
    "description": "Orders",
    "tags": ["pii"],
    "properties": {"owner": "ann", "deep": {"a": [1, None, True, 2**63]}},
    "discoverable": True,
}
PLAIN: dict[str, Any] = {"description": "d", "tags": [], "properties": {}, "discoverable": False}
GRANTS = "/api/v1/permissions"


@pytest.fixture
def asset_id(ctx: Context, catalog_id: str) -> str:
    namespaces.create(ctx, "lake", ["db"], {})
    return register(ctx, "t")


def register(ctx: Context, name: str) -> str:
    fields = {"name": name, "kind": "OTHER", "location": "x"}
    return str(assets.register(ctx, "lake", ["db"], fields)["id"])


def grant(by: Caller, to: str, where: dict[str, Any], *actions: str) -> None:
    body = {"user-id": to, "scope": where, "actions": list(actions)}
    answer = by("POST", GRANTS, body)
    assert answer.status_code == 201, answer.text


def path(asset_id: str) -> str:
    return f"/api/v1/assets/{asset_id}/metadata"


def on(asset_id: str) -> dict[str, Any]:
    return {"type": "asset", "asset_id": asset_id}


def test_what_is_written_is_read_shown_replaced_and_removed(admin: Caller, asset_id: str) -> None:
    assert admin("GET", f"/api/v1/assets/{asset_id}").get_json()["metadata"] is None
    assert message(admin("GET", path(asset_id)), 404)
    made = admin("POST", path(asset_id), NOTE).get_json()["metadata"]
    assert {key: made[key] for key in NOTE} == NOTE
    assert (made["asset-id"], made["created-by"]) == (asset_id, "boss")
    for where in (path(asset_id), f"/api/v1/business-metadata/{asset_id}"):
        assert admin("GET", where).get_json()["metadata"] == made
    assert admin("GET", f"/api/v1/assets/{asset_id}").get_json()["metadata"] == made
    again = admin("POST", path(asset_id), PLAIN).get_json()["metadata"]
    assert (again["id"], again["tags"], again["description"]) == (made["id"], [], "d")
    assert admin("DELETE", f"/api/v1/business-metadata/{asset_id}").status_code == 204
    assert message(admin("DELETE", path(asset_id)), 404)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tags": [""]}, "tags"),
        ({"tags": ["x" * 129]}, "tags"),
        ({"tags": ["a\tb"]}, "tags"),
        ({"tags": [str(number) for number in range(51)]}, "tags"),
        ({"tags": None}, "tags"),
        ({"tags": [1]}, "tags"),
        ({"properties": []}, "properties"),
        ({"properties": {"x": "y" * 70_000}}, "properties"),
        ({"description": "x" * 10_001}, "description"),
        ({"discoverable": "yes"}, "discoverable"),
        ({"owner": "x"}, "owner"),
    ],
)
def test_a_bad_field_is_named(
    admin: Caller, asset_id: str, change: dict[str, Any], said: str
) -> None:
    assert said in message(admin("POST", path(asset_id), NOTE | change), 400)


def test_an_asset_that_may_not_be_read_is_not_there(
    ann: Caller, admin: Caller, asset_id: str
) -> None:
    admin("POST", path(asset_id), PLAIN)
    missing = "11111111-1111-4111-8111-111111111111"
    for method in ("GET", "POST", "DELETE"):
        body = PLAIN if method == "POST" else None
        here, nowhere = ann(method, path(asset_id), body), ann(method, path(missing), body)
        assert message(here, 404).replace(asset_id, missing) == message(nowhere, 404)
    assert ann("GET", f"/api/v1/assets/{asset_id}").status_code == 404


@pytest.mark.parametrize(
    ("actions", "plain", "tags"),
    [
        (["read"], 403, 403),
        (["read", "update"], 200, 403),
        (["write"], 200, 403),
        (["read", "manage-discovery"], 403, 200),
        (["all"], 200, 200),
    ],
)
def test_tags_are_for_those_who_manage_discovery_and_the_rest_for_those_who_update(
    admin: Caller, ann: Caller, asset_id: str, actions: list[str], plain: int, tags: int
) -> None:
    grant(admin, "ann", on(asset_id), *actions)
    first: dict[str, Any] = {
        "description": None,
        "tags": [],
        "properties": {},
        "discoverable": False,
    }
    assert admin("POST", path(asset_id), first).status_code == 200
    assert ann("GET", path(asset_id)).status_code == 200
    assert ann("POST", path(asset_id), first | {"description": "x"}).status_code == plain
    assert admin("POST", path(asset_id), first).status_code == 200
    assert ann("POST", path(asset_id), first | {"tags": ["x"]}).status_code == tags
    assert admin("POST", path(asset_id), first).status_code == 200
    assert ann("POST", path(asset_id), first | {"discoverable": True}).status_code == tags
    admin("POST", path(asset_id), first | {"tags": ["x"]})
    assert ann("DELETE", path(asset_id)).status_code == (204 if tags == 200 else 403)


def test_a_grant_on_a_tag_follows_the_tag(
    ctx: Context, admin: Caller, ann: Caller, asset_id: str
) -> None:
    register(ctx, "u")
    grant(admin, "ann", {"type": "tag", "tag_name": "pii"}, "read")
    shown, listed = f"/api/v1/assets/{asset_id}", "/api/v1/catalogs/lake/namespaces/db/assets"
    assert (ann("GET", shown).status_code, ann("GET", listed).status_code) == (404, 403)
    admin("POST", path(asset_id), NOTE)
    assert ann("GET", shown).status_code == 200
    assert [row["name"] for row in ann("GET", listed).get_json()] == ["t"]
    admin("POST", path(asset_id), NOTE | {"tags": ["other"]})
    assert (ann("GET", shown).status_code, ann("GET", listed).status_code) == (404, 403)
    admin("POST", path(asset_id), NOTE)
    admin("DELETE", path(asset_id))
    assert ann("GET", shown).status_code == 404


def test_nobody_raises_itself_by_a_tag(
    admin: Caller, ann: Caller, person: Person, asset_id: str
) -> None:
    bob = person("bob")
    for name in ("ann", "bob"):
        grant(admin, name, on(asset_id), "read", "manage-discovery")
    grant(admin, "ann", {"type": "tag", "tag_name": "pii"}, "write")
    tagged = PLAIN | {"description": None, "tags": ["pii"]}
    assert message(ann("POST", path(asset_id), tagged), 403)
    # Anyone who gains nothing by it may set it: to classify is what managing discovery means.
    assert bob("POST", path(asset_id), tagged).status_code == 200


def test_managing_discovery_on_one_ref_is_not_enough_for_what_counts_on_all(
    ctx: Context, admin: Caller, ann: Caller, catalog_id: str, asset_id: str
) -> None:
    refs.create_branch(ctx, "lake", "dev")
    grant(admin, "ann", on(asset_id) | {"ref": "dev"}, "all")
    assert ann("GET", f"/api/v1/assets/{asset_id}").status_code == 200
    assert ann("POST", path(asset_id), NOTE).status_code == 403


def test_notes_of_assets_that_are_gone_are_collected(
    app: Flask, ctx: Context, admin: Caller, asset_id: str
) -> None:
    kept, runtime = register(ctx, "u"), app.extensions["pangolin"].runtime
    for each in (kept, asset_id):
        admin("POST", path(each), NOTE)
    assets.delete(ctx, "lake", ["db"], "t")
    garbage_collection.collect(runtime, dry_run=True)
    assert runtime.store.count(ASSET_NOTE) == 2
    garbage_collection.collect(runtime)
    assert [record.doc["asset"] for record in runtime.store.scan(ASSET_NOTE)] == [kept]
    assert [record.doc["asset"] for record in runtime.store.scan(ASSET_TAG)] == [kept]
