"""The engine against an evaluator that knows nothing but the rules, on random grants."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pangolin.services.assets import assets, business_metadata
from pangolin.services.authz import actions, checks
from pangolin.services.authz.access import Denied, is_allowed
from pangolin.services.authz.actions import Action
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.grants import memberships, roles
from tests.examples import examples
from tests.worlds.lake import IN_LAKE, TENANT_WIDE, Lake, asset, lake_on, names, space, tag

SPACES = ("a", "a.b", "ab")
ASSETS = {f"{path}.{name}": (path, name) for path in SPACES for name in ("x", "y")}
REFS = ("main", "dev")
TAGS = {"red": ("a.x", "ab.y"), "blue": ("a.b.x",)}

WHERE = st.sampled_from(
    [
        ("tenant", ""),
        ("catalog", ""),
        *(("namespace", path) for path in SPACES),
        *(("asset", name) for name in ASSETS),
        *(("tag", name) for name in TAGS),
    ]
)
ACTIONS = st.frozensets(st.sampled_from(actions.ACTIONS), min_size=1, max_size=2)
GRANTS = st.lists(
    st.tuples(WHERE, st.sampled_from([None, *REFS]), ACTIONS, st.booleans()), max_size=4
)
Given = list[tuple[tuple[str, str], str | None, frozenset[str], bool]]


def covers(where: tuple[str, str], limit: str | None, ref: str, path: str, name: str) -> bool:
    """Return whether a scope covers an asset `name` (or, without one, a namespace) at a ref."""
    kind, what = where
    full = f"{path}.{name}" if name else ""
    if kind == "tag":
        return full in TAGS[what]
    if kind != "tenant" and limit not in (None, ref):
        return False
    if kind == "namespace":
        return path == what or path.startswith(f"{what}.")
    return kind != "asset" or full == what


def expected(grants: Given, action: Action, ref: str, path: str, name: str = "") -> bool:
    return any(
        action in actions.closure(allowed) and covers(where, limit, ref, path, name)
        for where, limit, allowed, _ in grants
    )


def build(lake: Lake) -> dict[str, str]:
    """Fill the lake, fork it and tag some of it; return the ids of the assets."""
    ids = {full: lake.asset(path, name) for full, (path, name) in ASSETS.items()}
    for name, tagged in TAGS.items():
        for full in tagged:
            fields = {"tags": [name], "properties": {}, "discoverable": False}
            business_metadata.replace(lake.root, ids[full], fields)
    refs.create_branch(lake.root, "lake", "dev")
    return ids


def scope_of(where: tuple[str, str], limit: str | None, ids: dict[str, str]) -> dict[str, Any]:
    kind, what = where
    more = {"ref": limit} if limit else {}
    if kind in ("tenant", "tag"):
        return TENANT_WIDE if kind == "tenant" else tag(what)
    if kind == "catalog":
        return IN_LAKE | more
    return asset(ids[what], **more) if kind == "asset" else space(*what.split("."), **more)


def give(lake: Lake, grants: Given, ids: dict[str, str]) -> Context:
    ann = lake.person("ann")
    role = roles.create(lake.root, {"name": "r"})["id"]
    memberships.assign(lake.root, "ann", role)
    for where, limit, allowed, by_role in grants:
        to: dict[str, Any] = {"user_id": None, "role_id": role} if by_role else {}
        lake.grant("ann", scope_of(where, limit, ids), *sorted(allowed), **to)
    return ann


def resource(ref: str, path: str, name: str = "") -> Resource:
    levels = (f"lake@{ref}", *path.split("."))
    return Resource("table", (*levels, name)) if name else Resource("namespace", levels)


@examples(150)
@given(grants=GRANTS, action=st.sampled_from(actions.ACTIONS))
def test_single_checks_batches_and_lists_say_what_the_rules_say(
    grants: Given, action: Action
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        lake = lake_on(Path(directory))
        ann = give(lake, grants, build(lake))
        for ref in REFS:
            check_singles(ann, grants, action, ref)
            check_batch(ann, grants, action, ref)
            check_lists(ann, grants, ref)


def check_singles(ann: Context, grants: Given, action: Action, ref: str) -> None:
    for path in SPACES:
        wanted = expected(grants, action, ref, path)
        assert is_allowed(ann, action, resource(ref, path)) == wanted
    for path, name in ASSETS.values():
        wanted = expected(grants, action, ref, path, name)
        assert is_allowed(ann, action, resource(ref, path, name)) == wanted


def check_batch(ann: Context, grants: Given, action: Action, ref: str) -> None:
    asked = [
        {
            "action": action,
            "resource": {
                "type": "view",
                "catalog": "lake",
                "ref": ref,
                "namespace": path,
                "name": name,
            },
        }
        for path, name in ASSETS.values()
    ]
    answers = [each["allowed"] for each in checks.check(ann, asked)]
    assert answers == [expected(grants, action, ref, *where) for where in ASSETS.values()]


def check_lists(ann: Context, grants: Given, ref: str) -> None:
    seen = {where for where in ASSETS.values() if expected(grants, "list", ref, *where)}
    for path in SPACES:
        wanted = sorted(name for above, name in seen if above == path)
        try:
            rows, _ = assets.page(ann, f"lake@{ref}", path.split("."))
        except Denied:
            assert not wanted
            assert not expected(grants, "list", ref, path)
        else:
            assert names(rows) == wanted
    for path, name in seen:
        assert path.split(".")[0] in spaces_of(ann, ref), (path, name)


def spaces_of(ann: Context, ref: str) -> set[str]:
    found, _ = namespaces.list_children(ann, f"lake@{ref}")
    return {levels[0] for levels in found}
