"""What a dry run of gc counts is what the run that follows removes, and it removes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from pangolin.registry import Registry
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.services.tables import tables
from pangolin.settings import Settings
from pangolin.store.api import ABSENT, Put, Store
from pangolin.store.kinds import ALL, IDEMPOTENCY, TOKEN
from tests.audit.log import DAY, Clock, note
from tests.tables.test_purging import append, keep_after_fork
from tests.worlds.one_catalog import context_on, create, files, set_property

Change = Callable[[Context], object]


@pytest.fixture(params=["memory:", "sqlite:///{}/records.db"], ids=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    found = Registry(Settings()).open_store(request.param.format(tmp_path))
    yield found
    found.close()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """The directory of the warehouse."""
    return tmp_path / "lake"


@pytest.fixture
def ctx(store: Store, lake: Path) -> Context:
    """A catalog with a table of two snapshots, and a branch `dev` on which it has more."""
    made = context_on(lake, store)
    namespaces.create(made, "lake", ["db"], {})
    create(made)
    append(made, "lake", 1)
    refs.create_branch(made, "lake", "dev")
    append(made, "lake@dev", 2)
    append(made, "lake@dev", 3)
    create(made, "other", "lake@dev")
    set_property(made, "1", "lake@dev", "other")
    return made


def dump(store: Store) -> list[Any]:
    return [(kind.name, record.doc) for kind in ALL for record in store.scan(kind)]


def leave_dev(ctx: Context) -> None:
    refs.delete_ref(ctx, "lake", "dev", "branch")


def purge_on_dev(ctx: Context) -> None:
    tables.drop(ctx, "lake@dev", ["db"], "t", purge=True)
    leave_dev(ctx)


def purge_under_a_tag(ctx: Context) -> None:
    refs.create_tag(ctx, "lake", "v1")
    append(ctx, "lake", 4)
    tables.drop(ctx, "lake", ["db"], "t", purge=True)
    leave_dev(ctx)
    refs.delete_ref(ctx, "lake", "v1", "tag")


def purge_while_a_tag_stays(ctx: Context) -> None:
    refs.create_tag(ctx, "lake", "v1", from_ref="dev")
    tables.drop(ctx, "lake", ["db"], "t", purge=True)
    leave_dev(ctx)


def drop_everywhere(ctx: Context) -> None:
    tables.drop(ctx, "lake", ["db"], "t")
    leave_dev(ctx)


def keep_data(ctx: Context) -> None:
    keep_after_fork(ctx)
    drop_everywhere(ctx)


CHANGES: list[Change] = [
    leave_dev,
    purge_on_dev,
    purge_under_a_tag,
    purge_while_a_tag_stays,
    drop_everywhere,
    keep_data,
]


@pytest.mark.parametrize("with_files", [True, False], ids=["files", "records"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_dry_run_counts_what_the_run_removes(
    ctx: Context, lake: Path, change: Change, with_files: bool
) -> None:
    change(ctx)
    before, stored = files(lake), dump(ctx.runtime.store)
    told = garbage_collection.collect(ctx.runtime, dry_run=True, files=with_files)
    assert (files(lake), dump(ctx.runtime.store)) == (before, stored)
    done = garbage_collection.collect(ctx.runtime, files=with_files)
    assert asdict(told) == asdict(done)
    assert (done.files, done.errors) == (len(before) - len(files(lake)), [])
    again = garbage_collection.collect(ctx.runtime, dry_run=True, files=with_files)
    assert (again.entries, again.past, again.files) == (0, 0, 0)


def test_a_deleted_branch_is_not_said_to_take_nothing(ctx: Context) -> None:
    leave_dev(ctx)
    assert garbage_collection.collect(ctx.runtime, dry_run=True, files=True).files > 0


def test_a_dry_run_counts_the_rest_too(ctx: Context) -> None:
    clock = Clock()
    settings = replace(ctx.settings, audit_retention_days=1)
    runtime = replace(ctx.runtime, clock=clock, settings=settings)
    token = {"jti": "j", "tenant": ctx.tenant, "principal": "p", "expires_at_ms": 1}
    key = {"tenant": ctx.tenant, "principal": "p", "token": "t", "expires_at_ms": 1}
    ctx.runtime.store.apply(Put(TOKEN, token, ABSENT), Put(IDEMPOTENCY, key, ABSENT))
    note(replace(ctx, runtime=runtime), 3)
    clock.now += 2 * DAY
    told = garbage_collection.collect(runtime, dry_run=True)
    assert (told.expired, told.idempotency) == (1, 1) and told.audit >= 3
    assert asdict(garbage_collection.collect(runtime)) == asdict(told)
