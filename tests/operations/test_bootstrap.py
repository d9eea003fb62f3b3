"""Preparing a store: once, again, at once, and from another release."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pangolin.app import create_app
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations.bootstrap import ROOT_KEY, initialise, upgrade
from pangolin.services.operations.layout import LayoutMismatch, write_layout
from pangolin.services.operations.migrations import newest
from pangolin.settings import Settings
from pangolin.store.api import Delete, Kind
from pangolin.store.kinds import LAYOUT, PRINCIPAL, SIGNING_KEY, TENANT


@pytest.fixture
def empty(settings: Settings) -> Runtime:
    """The runtime over a store nobody prepared."""
    found: Runtime = create_app(settings).extensions["pangolin"].runtime
    return found


def versions(runtime: Runtime) -> list[int]:
    kinds: tuple[Kind, ...] = (LAYOUT, TENANT, PRINCIPAL, SIGNING_KEY)
    return [record.version for kind in kinds for record in runtime.store.scan(kind)]


def test_it_makes_the_default_tenant_and_root(empty: Runtime) -> None:
    initialise(empty)
    tenant = empty.store.get(TENANT, (DEFAULT_TENANT,))
    root = empty.store.get(PRINCIPAL, ROOT_KEY)
    assert tenant is not None
    assert tenant.doc["name"] == "default"
    assert root is not None
    assert root.doc["password_hash"] is None


def test_a_second_run_changes_nothing(empty: Runtime) -> None:
    initialise(empty)
    before = versions(empty)
    assert initialise(empty).notes == ()
    assert versions(empty) == before


def test_many_at_once_make_one_of_each_and_one_password(settings: Settings) -> None:
    app = create_app(replace(settings, root_password=""))
    runtime: Runtime = app.extensions["pangolin"].runtime
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: initialise(runtime), range(8)))
    assert sum(bool(one.root_password) for one in done) == 1
    assert [runtime.store.count(kind) for kind in (LAYOUT, TENANT, PRINCIPAL)] == [1, 1, 1]


def test_a_newer_layout_is_refused(empty: Runtime) -> None:
    initialise(empty)
    write_layout(empty.store, newest() + 1)
    for step in (initialise, upgrade):
        with pytest.raises(LayoutMismatch, match="newer release"):
            step(empty)


def test_an_older_layout_asks_for_an_upgrade_and_gets_it(empty: Runtime) -> None:
    initialise(empty)
    write_layout(empty.store, newest() - 1)
    with pytest.raises(LayoutMismatch, match="pangolin upgrade"):
        initialise(empty)
    assert f"layout {newest()}" in upgrade(empty, dry_run=True).notes[0]
    assert f"layout {newest()}" in upgrade(empty).notes[0]
    assert initialise(empty).notes == ()


def test_upgrade_of_an_empty_store_prepares_it(empty: Runtime) -> None:
    assert f"created layout {newest()}" in upgrade(empty).notes
    assert "up to date" in upgrade(empty).notes[0]


def test_a_root_user_without_any_password_gets_one(settings: Settings, empty: Runtime) -> None:
    initialise(empty)
    forgotten = replace(empty, settings=replace(settings, root_password=""))
    assert initialise(forgotten).root_password


def test_a_default_tenant_that_was_deleted_comes_back(empty: Runtime) -> None:
    initialise(empty)
    empty.store.apply(Delete(TENANT, (DEFAULT_TENANT,)))
    assert initialise(empty).notes == ("created tenant default",)
