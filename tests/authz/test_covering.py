"""What a grant covers: its scope and what is below it, and nothing above or beside it."""

import itertools
from dataclasses import replace

import pytest

from pangolin.services.assets import assets, business_metadata
from pangolin.services.authz import actions
from pangolin.services.authz.access import is_allowed
from pangolin.services.authz.rights_loader import MOST_DEPTH
from pangolin.services.branches import refs
from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.grants import memberships, roles
from tests.worlds.lake import IN_LAKE, TENANT_WIDE, Lake, asset, space, tag

RESOURCES = {
    "tenant": Resource("catalog"),
    "lake": Resource("catalog", ("lake",)),
    "pond": Resource("catalog", ("pond",)),
    "a": Resource("namespace", ("lake", "a")),
    "a.b": Resource("namespace", ("lake", "a", "b")),
    "ab": Resource("namespace", ("lake", "ab")),
    "a.x": Resource("asset", ("lake", "a", "x")),
    "a.b.x": Resource("table", ("lake", "a", "b", "x")),
    "a.b.y": Resource("view", ("lake", "a", "b", "y")),
    "ab.x": Resource("asset", ("lake", "ab", "x")),
    "branch": Resource("branch", ("lake", "dev")),
    "other a": Resource("namespace", ("pond", "a")),
    "warehouse": Resource("warehouse", ("w",)),
    "statistics": Resource("statistics"),
    "user": Resource("user", ("ann",)),
    "role": Resource("role", ("r",)),
    "permission": Resource("permission"),
    "settings": Resource("settings"),
    "audit": Resource("audit"),
    "installation": Resource("installation"),
}
ASSETS = {"a.x", "a.b.x", "a.b.y", "ab.x"}
IN_A = {"a", "a.b", "a.x", "a.b.x", "a.b.y"}
WHOLE_LAKE = {"lake", "a", "a.b", "ab", "branch", *ASSETS}
COVERED = {
    "tenant": WHOLE_LAKE | {"tenant", "pond", "other a", "warehouse", "statistics"},
    "catalog": WHOLE_LAKE,
    "namespace a": IN_A,
    "namespace a.b": {"a.b", "a.b.x", "a.b.y"},
    "asset": {"a.b.x"},
    "tag": {"a.b.y"},
    "nothing": set[str](),
}


@pytest.fixture
def ids(lake: Lake) -> dict[str, str]:
    places = [("a", "x"), ("a.b", "x"), ("a.b", "y"), ("ab", "x")]
    return {f"{path}.{name}": lake.asset(path, name) for path, name in places}


def give(lake: Lake, ids: dict[str, str], kind: str, *actions: str, **more: str) -> Context:
    """Make ann with a grant of one kind."""
    ann = lake.person("ann")
    if kind == "tag":
        write_tag(lake, ids["a.b.y"])
    scopes = {
        "tenant": TENANT_WIDE,
        "catalog": IN_LAKE | more,
        "namespace a": space("a", **more),
        "namespace a.b": space("a", "b", **more),
        "asset": asset(ids["a.b.x"], **more),
        "tag": tag("pii"),
    }
    if kind in scopes:
        lake.grant("ann", scopes[kind], *actions)
    return ann


def write_tag(lake: Lake, asset_id: str) -> None:
    fields = {"tags": ["pii"], "properties": {}, "discoverable": False}
    business_metadata.replace(lake.root, asset_id, fields)


@pytest.mark.parametrize("kind", COVERED)
def test_a_grant_covers_its_scope_and_what_lies_below_only(
    lake: Lake, ids: dict[str, str], kind: str
) -> None:
    ann = give(lake, ids, kind, "read")
    allowed = {name for name, what in RESOURCES.items() if is_allowed(ann, "read", what)}
    assert allowed == COVERED[kind]


@pytest.mark.parametrize("kind", [kind for kind in COVERED if kind not in ("tag", "nothing")])
def test_nothing_but_what_was_granted_or_follows_is_allowed(
    lake: Lake, ids: dict[str, str], kind: str
) -> None:
    ann = give(lake, ids, kind, "read")
    where = RESOURCES["a.b.x"]
    assert {action for action in actions.ACTIONS if is_allowed(ann, action, where)} == {
        "read",
        "list",
    }


@pytest.mark.parametrize(
    ("action", "follows"),
    [
        ("all", set(actions.ACTIONS)),
        ("write", {"write", "read", "update", "delete", "create", "list"}),
        ("read", {"read", "list"}),
        *(
            (action, {action})
            for action in actions.ACTIONS
            if action not in ("all", "write", "read")
        ),
    ],
)
def test_an_action_brings_others_with_it(action: str, follows: set[str]) -> None:
    assert actions.closure([action]) == follows


@pytest.mark.parametrize("kind", ["catalog", "namespace a", "namespace a.b", "asset"])
def test_a_grant_on_a_ref_covers_nothing_on_another_and_nothing_of_the_whole(
    lake: Lake, ids: dict[str, str], kind: str
) -> None:
    refs.create_branch(lake.root, "lake", "dev")
    ann = give(lake, ids, kind, "all", ref="dev")
    for name in ("lake", "a", "a.b.x", "a.b", "tenant"):
        assert not is_allowed(ann, "read", RESOURCES[name]), name
    at_dev = Resource("table", ("lake@dev", "a", "b", "x"))
    assert is_allowed(ann, "write", at_dev)
    assert not is_allowed(ann, "write", Resource("table", ("lake@main", "a", "b", "x")))
    assert is_allowed(ann, "delete", Resource("branch", ("lake", "dev"))) == (kind == "catalog")
    assert not is_allowed(ann, "delete", Resource("branch", ("lake", "other")))


@pytest.mark.parametrize("ref", ["main", "dev"])
def test_a_grant_on_one_ref_never_reaches_the_catalog_itself(lake: Lake, ref: str) -> None:
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE | {"ref": ref}, "all")
    for action in ("update", "delete", "read"):
        assert not is_allowed(ann, action, Resource("catalog", ("lake",)))
    assert is_allowed(ann, "ingest-branching", Resource("catalog", (f"lake@{ref}",)))


def test_a_catalog_of_a_deleted_ones_name_inherits_nothing(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE, "all")
    lake.grant("ann", space("a"), "all")
    catalogs.delete(lake.root, "lake")
    lake.catalog("lake")
    assert not is_allowed(ann, "read", RESOURCES["lake"])
    assert not is_allowed(ann, "read", RESOURCES["a"])


def test_grants_follow_a_catalog_to_its_new_name(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE, "read")
    catalogs.update(lake.root, "lake", {"name": "sea"})
    assert is_allowed(ann, "read", Resource("namespace", ("sea", "a")))
    assert not is_allowed(ann, "read", RESOURCES["a"])


def test_an_asset_of_a_dropped_ones_name_inherits_nothing(lake: Lake, ids: dict[str, str]) -> None:
    ann = give(lake, ids, "asset", "read")
    assert is_allowed(ann, "read", RESOURCES["a.b.x"])
    assets.delete(lake.root, "lake", ["a", "b"], "x")
    lake.asset("a.b", "x")
    assert not is_allowed(ann, "read", RESOURCES["a.b.x"])


def test_a_grant_on_an_asset_counts_wherever_a_fork_shows_it(
    lake: Lake, ids: dict[str, str]
) -> None:
    refs.create_branch(lake.root, "lake", "dev")
    ann = give(lake, ids, "asset", "read")
    assert is_allowed(ann, "read", Resource("table", ("lake@dev", "a", "b", "x")))


def test_a_grant_through_a_role_counts_as_deep_as_roles_may_lie(lake: Lake) -> None:
    ann = lake.person("ann")
    chain = [roles.create(lake.root, {"name": f"r{number}"})["id"] for number in range(MOST_DEPTH)]
    for member, role in itertools.pairwise(chain):
        memberships.nest(lake.root, member, role)
    lake.grant("", IN_LAKE, "read", role_id=chain[-1])
    assert not is_allowed(ann, "read", RESOURCES["lake"])
    memberships.assign(lake.root, "ann", chain[0])
    assert is_allowed(ann, "read", RESOURCES["lake"])


def test_what_a_credential_brings_counts_like_a_membership(lake: Lake) -> None:
    made = roles.create(lake.root, {"name": "r"})["id"]
    lake.grant("", IN_LAKE, "read", role_id=made)
    assert is_allowed(lake.person("ann", roles=(made,)), "read", RESOURCES["lake"])
    assert not is_allowed(lake.person("bob", roles=("gone",)), "read", RESOURCES["lake"])


def test_an_admin_of_another_tenant_is_nobody_here(lake: Lake) -> None:
    boss = lake.person("boss", "tenant-admin")
    assert is_allowed(boss, "delete", RESOURCES["lake"])
    assert not is_allowed(boss, "read", RESOURCES["installation"])
    other = replace(boss, principal=replace(boss.principal, tenant="t2", home="t2"))
    assert not any(is_allowed(other, "read", what) for what in RESOURCES.values())
