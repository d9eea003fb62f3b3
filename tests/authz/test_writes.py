"""Every way to change what a catalog holds is authorised, for each table, namespace and ref."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pangolin.services.assets import assets
from pangolin.services.authz.access import Denied
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.tables import commits, creation, tables
from tests.answers import message
from tests.counting import CountingStore
from tests.samples import SCHEMA, SET
from tests.worlds.lake import IN_LAKE, TENANT_WIDE, Caller, Lake, asset, lake_on, refused, space
from tests.worlds.lake_server import Person


def table(lake: Lake, path: str, name: str, prefix: str = "lake") -> str:
    """Create a table; return its id."""
    levels = path.split(".")
    creation.create(lake.root, prefix, levels, {"name": name, "schema": SCHEMA})
    return str(assets.get(lake.root, prefix, levels, name)["id"])


def commit(ctx: Context, name: str, prefix: str = "lake", path: str = "a") -> None:
    commits.commit(ctx, prefix, path.split("."), name, [], SET)


@pytest.mark.parametrize("stage", [False, True])
def test_creating_and_staging_need_create_in_the_namespace(lake: Lake, stage: bool) -> None:
    ann = lake.person("ann")
    lake.grant("ann", space("a"), "create")
    lake.grant("ann", space("ab"), "read", "update", "delete")
    body = {"name": "t", "schema": SCHEMA, "stage-create": stage}
    creation.create(ann, "lake", ["a"], body)
    creation.create(ann, "lake", ["a", "b"], body)
    refused(lambda: creation.create(ann, "lake", ["ab"], body), Denied)
    refused(lambda: creation.create(ann, "lake", ["nope"], body), Denied)


def test_the_commit_of_a_staged_table_needs_create(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", space("a"), "read", "update")
    create = [{"type": "assert-create"}]
    refused(lambda: commits.commit(ann, "lake", ["a"], "t", create, SET), Denied)


def test_a_commit_needs_write_on_the_table(lake: Lake) -> None:
    ann = lake.person("ann")
    mine = table(lake, "a", "mine")
    table(lake, "a", "other")
    lake.grant("ann", space("a"), "read", "create", "update", "delete")
    refused(lambda: commit(ann, "mine"), Denied)
    lake.grant("ann", asset(mine), "write")
    commit(ann, "mine")
    refused(lambda: commit(ann, "other"), Denied)


def test_every_table_of_a_transaction_is_authorised(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", asset(table(lake, "a", "mine")), "write")
    table(lake, "a", "other")
    before = tables.load(lake.root, "lake", ["a"], "mine").location
    changes = [
        {"identifier": {"namespace": ["a"], "name": name}, "requirements": [], "updates": SET}
        for name in ("mine", "other")
    ]
    refused(lambda: commits.commit_many(ann, "lake", changes), Denied)
    assert tables.load(lake.root, "lake", ["a"], "mine").location == before
    commits.commit_many(ann, "lake", changes[:1])


def test_a_rename_needs_write_there_and_create_here(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", asset(table(lake, "a", "t")), "write")
    move = partial(tables.rename, ann, "lake", (["a"], "t"), (["ab"], "t"))
    refused(move, Denied)
    refused(partial(tables.rename, ann, "lake", (["a"], "t"), (["a"], "u")), Denied)
    lake.grant("ann", space("ab"), "create")
    move()
    table(lake, "a", "other")
    refused(partial(tables.rename, ann, "lake", (["a"], "other"), (["ab"], "u")), Denied)


def test_registering_needs_create_and_over_a_table_write_on_it(lake: Lake) -> None:
    ann = lake.person("ann")
    table(lake, "a", "t")
    location = str(tables.unregister(lake.root, "lake", ["a"], "t").location)
    register = partial(creation.register, ann, "lake", ["a"], "t", location)
    refused(register, Denied)
    lake.grant("ann", space("a"), "create")
    register()
    refused(partial(register, overwrite=True), Denied)
    (found,) = assets.page(lake.root, "lake", ["a"])[0]
    lake.grant("ann", asset(found["id"]), "write")
    register(overwrite=True)


def test_every_ref_that_is_written_is_authorised(lake: Lake) -> None:
    table(lake, "a", "t")
    refs.create_branch(lake.root, "lake", "dev")
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE | {"ref": "dev"}, "write")
    commit(ann, "t", "lake@dev")
    commit(ann, "t@dev")
    commit(ann, "t", path="a@dev")
    refused(lambda: commit(ann, "t"), Denied)
    refused(lambda: commit(ann, "t@main", "lake@dev"), Denied)
    namespaces.create(ann, "lake@dev", ["n"], {})
    refused(lambda: namespaces.create(ann, "lake", ["n"], {}), Denied)
    move = partial(tables.rename, ann, "lake@dev", (["a"], "t"), (["a"], "t@main"))
    refused(move, Denied)


@pytest.mark.parametrize("kind", ["ingest", "experimental"])
def test_a_fork_needs_its_own_action_on_the_ref_that_is_forked(lake: Lake, kind: str) -> None:
    refs.create_branch(lake.root, "lake", "dev")
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE, "write")
    fork = partial(refs.create_branch, ann, "lake", "mine", branch_type=kind)
    refused(fork, Denied)
    lake.grant("ann", IN_LAKE | {"ref": "dev"}, f"{kind}-branching")
    refused(fork, Denied)
    fork(from_ref="dev")


def test_nobody_fills_a_ref_it_has_grants_on_with_what_it_may_not_read(lake: Lake) -> None:
    ann = lake.person("ann")
    lake.grant("ann", IN_LAKE | {"ref": "mine"}, "read")
    lake.grant("ann", IN_LAKE, "experimental-branching", "create")
    refs.create_branch(ann, "lake", "other")
    refused(lambda: refs.create_branch(ann, "lake", "mine"), Denied)
    refused(lambda: refs.create_tag(ann, "lake", "mine"), Denied)


def test_a_catalog_is_moved_only_by_those_who_may_make_one(
    admin: Caller, person: Person, catalog_id: str, tmp_path: Path
) -> None:
    ann = person("ann")
    other = {"name": "other", "storage_config": {"file.root": f"{tmp_path}/other"}}
    assert admin("POST", "/api/v1/warehouses", other).status_code == 201
    assert admin("DELETE", "/v1/lake/namespaces/default").status_code == 204
    where: dict[str, Any] = {"type": "catalog", "catalog_id": catalog_id}
    body = {"user-id": "ann", "scope": where, "actions": ["all"]}
    assert admin("POST", "/api/v1/permissions", body).status_code == 201
    path = "/api/v1/catalogs/lake"
    assert ann("PUT", path, {"properties": {"a": "b"}}).status_code == 200
    assert message(ann("PUT", path, {"warehouse_name": "other"}), 403)
    assert ann("GET", "/api/v1/warehouses").status_code == 403
    assert admin("POST", "/api/v1/permissions", body | {"scope": TENANT_WIDE}).status_code == 201
    assert ann("PUT", path, {"warehouse_name": "other"}).status_code == 200


class Swapping(CountingStore):
    """Another table takes the name between the question and the deed."""

    def __init__(self) -> None:
        super().__init__()
        self.swap: Any = None

    def get_many(self, wanted: Any) -> Any:
        found = super().get_many(wanted)
        if self.swap is not None and any(kind.name == "asset" for kind, _ in wanted):
            swap, self.swap = self.swap, None
            swap()
        return found


def test_a_name_that_became_anothers_meanwhile_is_refused(tmp_path: Path) -> None:
    store = Swapping()
    lake = lake_on(tmp_path, store)
    ann = lake.person("ann")
    acts = (
        lambda: commit(ann, "t"),
        lambda: tables.load(ann, "lake", ["a"], "t"),
        lambda: tables.drop(ann, "lake", ["a"], "t"),
        lambda: tables.unregister(ann, "lake", ["a"], "t"),
        lambda: assets.get(ann, "lake", ["a"], "t"),
    )

    def swap() -> None:
        tables.drop(lake.root, "lake", ["a"], "t")
        table(lake, "a", "t")

    for act in acts:
        lake.grant("ann", asset(table(lake, "a", "t")), "all")
        store.swap = swap
        refused(act, Denied)
        assert store.swap is None
        tables.drop(lake.root, "lake", ["a"], "t")
