"""What two requests must not do at once: the loser starts again and sees what the winner did."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from pangolin.errors import NotFound, PangolinError
from pangolin.interfaces.authentication import Principal
from pangolin.services.assets import assets
from pangolin.services.branches import management, refs
from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import Context
from pangolin.services.tenants import settings, tenants
from pangolin.services.versioned.resolution import find_catalog
from pangolin.services.warehouses import warehouses
from pangolin.store import kinds
from pangolin.store.kinds import CATALOG, LINE, REF, WAREHOUSE
from tests.worlds.one_catalog import context_on

ROUNDS = 25


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return context_on(tmp_path / "world")


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at the same moment; return their answers, or the errors they raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except PangolinError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def failed(answer: Any) -> bool:
    return isinstance(answer, PangolinError)


@pytest.mark.parametrize("force", [False, True])
def test_no_catalog_outlives_its_warehouse(ctx: Context, tmp_path: Path, force: bool) -> None:
    for number in range(ROUNDS):
        name = f"w{number}"
        config = {"file.root": f"{tmp_path}/world/{name}"}
        warehouses.create(ctx, {"name": name, "storage_config": config})
        created, deleted = together(
            partial(catalogs.create, ctx, {"name": name, "warehouse": name}),
            partial(warehouses.delete, ctx, name, force=force),
        )
        gone = ctx.store.get(WAREHOUSE, (name,)) is None
        there = ctx.store.get(CATALOG, (name,)) is not None
        assert gone != failed(deleted)
        assert not (gone and there), (created, deleted)


def test_no_two_catalogs_come_to_overlap(ctx: Context, tmp_path: Path) -> None:
    root = f"{tmp_path}/world/shared"
    warehouses.create(ctx, {"name": "shared", "storage_config": {"file.root": root}})
    for number in range(ROUNDS):
        outer = {"name": f"a{number}", "storage_location": f"file://{root}/{number}"}
        inner = {"name": f"b{number}", "storage_location": f"file://{root}/{number}/in"}
        answers = together(
            *(
                partial(catalogs.create, ctx, fields | {"warehouse": "shared"})
                for fields in (outer, inner)
            )
        )
        assert sorted(map(failed, answers)) == [False, True], answers


def test_many_catalogs_are_created_at_once(ctx: Context) -> None:
    names = [f"c{number}" for number in range(8)]
    answers = together(
        *(partial(catalogs.create, ctx, {"name": name, "warehouse": "w"}) for name in names)
    )
    assert [answer for answer in answers if failed(answer)] == []


def test_an_empty_catalog_is_not_deleted_under_a_new_asset(ctx: Context, tmp_path: Path) -> None:
    pointer = {"name": "m", "kind": "OTHER", "location": "x"}
    for number in range(ROUNDS):
        name = f"c{number}"
        catalogs.create(ctx, {"name": name, "warehouse": "w"})
        registered, deleted = together(
            partial(assets.register, ctx, name, ["default"], pointer),
            partial(catalogs.delete, ctx, name),
        )
        assert failed(registered) != failed(deleted), (registered, deleted)


def test_no_branch_outlives_its_catalog(ctx: Context) -> None:
    for number in range(ROUNDS):
        name = f"c{number}"
        made = catalogs.create(ctx, {"name": name, "warehouse": "w"})
        management.create_tag(ctx, {"name": "v1", "catalog": name})
        _, deleted = together(
            partial(refs.create_branch, ctx, name, "dev", from_ref="v1"),
            partial(catalogs.delete, ctx, name),
        )
        assert not failed(deleted)
        assert ctx.store.count(REF, (made["id"],)) == 0
        assert ctx.store.count(LINE, (made["id"],)) == 0


def test_no_warehouse_outlives_its_tenant(ctx: Context, tmp_path: Path) -> None:
    for number in range(ROUNDS):
        tenant = tenants.create(ctx, {"name": f"t{number}"})["id"]
        within = replace(ctx, tenant=tenant)
        config = {"file.root": f"{tmp_path}/world/t{number}"}
        fields = {"name": "w", "storage_config": config}
        created, deleted = together(
            partial(warehouses.create, within, fields),
            partial(tenants.delete, ctx, tenant),
        )
        assert failed(created) != failed(deleted), (created, deleted)
        assert within.store.count(WAREHOUSE) == (0 if failed(created) else 1)


def test_changes_of_different_settings_are_all_kept(ctx: Context) -> None:
    given: list[dict[str, Any]] = [{"smtp_host": "mail"}, {"smtp_port": 25}, {"smtp_user": "u"}]
    together(*(partial(settings.update, ctx, fields) for fields in given))
    shown = settings.get(ctx)
    assert (shown["smtp_host"], shown["smtp_port"], shown["smtp_user"]) == ("mail", 25, "u")


def test_renames_to_one_name_have_one_winner(ctx: Context) -> None:
    for name in ("a", "b"):
        catalogs.create(ctx, {"name": name, "warehouse": "w"})
    answers = together(*(partial(catalogs.update, ctx, name, {"name": "c"}) for name in ("a", "b")))
    assert sorted(map(failed, answers)) == [False, True]
    assert find_catalog(ctx, "c").doc["name"] == "c"


def test_nobody_but_root_may_manage(ctx: Context) -> None:
    other = replace(ctx, principal=Principal("u", "u", "tenant-user", ctx.tenant))
    calls: list[Callable[[], Any]] = [
        lambda: tenants.page(other),
        lambda: tenants.create(other, {"name": "x"}),
        lambda: tenants.delete(other, "x"),
        lambda: warehouses.page(other),
        lambda: warehouses.create(other, {"name": "x"}),
        lambda: warehouses.update(other, "w", {}),
        lambda: warehouses.delete(other, "w", force=True),
        lambda: catalogs.create(other, {"name": "x"}),
        lambda: catalogs.update(other, "lake", {}),
        lambda: catalogs.delete(other, "lake", force=True),
        lambda: management.create_branch(other, {"name": "x", "catalog": "lake"}),
        lambda: management.delete(other, "lake", "main", "branch"),
        lambda: assets.page(other, "lake", ["default"]),
        lambda: settings.get(other),
        lambda: settings.update(other, {}),
    ]
    answers = [together(call)[0] for call in calls]
    assert [answer.status for answer in answers] == [403] * len(calls)
    assert catalogs.page(other) == ([], None)
    with pytest.raises(NotFound):
        assets.by_id(other, "x")
    assert ctx.store.count(kinds.WAREHOUSE) == 1
