"""Copy, export, import and upgrade: whole, repeatable, and refused where they would harm."""

import io
from pathlib import Path

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.errors import BadRequest, Conflicting, NoSuchTenant
from pangolin.services.branches import refs
from pangolin.services.catalogs import namespaces
from pangolin.services.context.context import Context
from pangolin.services.operations import export, migrations, store_copy
from pangolin.services.operations.layout import (
    LayoutMismatch,
    check_ready,
    read_layout,
    write_layout,
)
from pangolin.services.operations.migrations import Upgrade
from pangolin.services.tables import creation, tables
from pangolin.store import kinds
from pangolin.store.api import ABSENT, Conflict, Doc, Kind, Put, Store
from tests.samples import SCHEMA
from tests.worlds.one_catalog import TENANT, context_on, property_of, set_property


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    made = context_on(tmp_path)
    write_layout(made.runtime.store, 1)
    namespaces.create(made, "lake", ["db"], {})
    creation.create(made, "lake", ["db"], {"name": "t", "schema": SCHEMA})
    refs.create_tag(made, "lake", "v1")
    set_property(made, "1")
    return made


def on(ctx: Context, root: Path, store: Store) -> Context:
    """Return the same tenant's scope over another store."""
    runtime = type(ctx.runtime)(
        store,
        ctx.settings,
        ctx.runtime.clock,
        object_backends=ctx.runtime.object_backends,
    )
    return Context(ctx.principal, ctx.tenant, runtime, ctx.deadline_ms)


def test_a_copy_shows_what_the_source_shows(ctx: Context, tmp_path: Path) -> None:
    target = MemoryStore()
    tallies = store_copy.copy(ctx.runtime.store, target, "a")
    assert {each.kind: each.count for each in tallies}["asset"] == 1
    moved = on(ctx, tmp_path, target)
    assert (property_of(moved), property_of(moved, "lake@v1")) == ("1", None)
    check_ready(target, 1)


class Stops(MemoryStore):
    """A store whose power goes after some batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def apply(self, *changes: object) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        super().apply(*changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("batches", [1, 2, 4, 6])
def test_a_stopped_copy_is_finished_by_running_it_again(ctx: Context, batches: int) -> None:
    target = Stops(batches)
    with pytest.raises(KeyboardInterrupt):
        store_copy.copy(ctx.runtime.store, target, "a")
    with pytest.raises(LayoutMismatch, match="not finished"):
        check_ready(target, 1)
    set_property(ctx, "2")
    tables.drop(ctx, "lake", ["db"], "t")
    target.left = -1
    store_copy.copy(ctx.runtime.store, target, "a")
    check_ready(target, 1)


def test_a_copy_refuses_a_target_that_holds_something_else(ctx: Context, tmp_path: Path) -> None:
    other = context_on(tmp_path / "other").runtime.store
    with pytest.raises(Conflicting, match="not empty"):
        store_copy.copy(ctx.runtime.store, other, "a")


def test_a_copy_refuses_to_go_on_from_another_source(ctx: Context) -> None:
    target = Stops(2)
    with pytest.raises(KeyboardInterrupt):
        store_copy.copy(ctx.runtime.store, target, "a")
    target.left = -1
    with pytest.raises(Conflicting, match="unfinished copy from another"):
        store_copy.copy(ctx.runtime.store, target, "b")


def test_a_copy_of_a_store_that_is_written_meanwhile_is_refused(ctx: Context) -> None:
    target = MemoryStore()

    def write(kind: Kind, count: int) -> None:
        if kind is kinds.CLAIM:
            set_property(ctx, "meanwhile")

    with pytest.raises(Conflicting, match="stop its servers"):
        store_copy.copy(ctx.runtime.store, target, "a", progress=write)
    store_copy.copy(ctx.runtime.store, target, "a")


def test_a_restore_drill_brings_every_table_back(ctx: Context, tmp_path: Path) -> None:
    out = io.BytesIO()
    counts = export.export(ctx.runtime.store, out, tenant=None, now_ms=1)
    out.seek(0)
    restored = MemoryStore()
    assert export.import_(restored, out, layout=1) == counts
    moved = on(ctx, tmp_path, restored)
    assert (property_of(moved), property_of(moved, "lake@v1")) == ("1", None)
    set_property(moved, "2")
    assert property_of(moved) == "2"


def test_an_import_may_be_repeated_and_never_overwrites(ctx: Context) -> None:
    out = io.BytesIO()
    export.export(ctx.runtime.store, out, tenant=None, now_ms=1)
    out.seek(0)
    export.import_(ctx.runtime.store, out, layout=1)
    set_property(ctx, "2")
    out.seek(0)
    with pytest.raises(Conflicting, match="another asset"):
        export.import_(ctx.runtime.store, out, layout=1)
    assert property_of(ctx) == "2"


def test_one_tenant_is_exported_without_the_others(ctx: Context) -> None:
    other = {"tenant": "other", "name": "other", "properties": {}}
    ctx.runtime.store.apply(Put(kinds.TENANT, other, ABSENT))
    out = io.BytesIO()
    counts = export.export(ctx.runtime.store, out, tenant=TENANT, now_ms=1)
    assert counts["tenant"] == 1 and b'"other"' not in out.getvalue()
    with pytest.raises(NoSuchTenant):
        export.export(ctx.runtime.store, out, tenant="nope", now_ms=1)


@pytest.mark.parametrize("cut", [1, 200, -2])
def test_a_damaged_file_is_refused_before_anything_is_written(ctx: Context, cut: int) -> None:
    out = io.BytesIO()
    export.export(ctx.runtime.store, out, tenant=None, now_ms=1)
    target = MemoryStore()
    with pytest.raises(BadRequest):
        export.import_(target, io.BytesIO(out.getvalue()[:cut]), layout=1)
    changed = out.getvalue().replace(b'"x":', b'"y":').replace(b'"lake"', b'"fake"')
    with pytest.raises(BadRequest, match="damaged"):
        export.import_(target, io.BytesIO(changed), layout=1)
    target.setup(kinds.ALL)
    assert target.page(kinds.TENANT).records == []


def test_an_export_of_another_layout_is_refused(ctx: Context) -> None:
    out = io.BytesIO()
    export.export(ctx.runtime.store, out, tenant=None, now_ms=1)
    out.seek(0)
    with pytest.raises(LayoutMismatch, match="layout 1"):
        export.import_(MemoryStore(), out, layout=2)


def _colour(doc: Doc) -> Doc:
    return doc | {"colour": "blue"}


def _no_claims(doc: Doc) -> None:
    return None


PLAN = (
    Upgrade(2, "colour the tables", ((kinds.ASSET, _colour),)),
    Upgrade(3, "forget the claims", ((kinds.CLAIM, _no_claims),)),
)


def test_an_upgrade_runs_once_and_counts_what_it_changed(ctx: Context) -> None:
    store = ctx.runtime.store
    assert [(d.number, d.records) for d in migrations.run(store, PLAN)] == [(2, 1), (3, 1)]
    assert migrations.run(store, PLAN) == []
    found = read_layout(store)
    assert found is not None and found.doc["number"] == 3
    assert [dict(record.doc)["colour"] for record in store.scan(kinds.ASSET)] == ["blue"]
    assert list(store.scan(kinds.CLAIM)) == []


def test_a_dry_run_changes_nothing(ctx: Context) -> None:
    store = ctx.runtime.store
    before = [store_copy.tally(store, kind) for kind in kinds.ALL]
    assert [d.records for d in migrations.run(store, PLAN, dry_run=True)] == [1, 1]
    assert [store_copy.tally(store, kind) for kind in kinds.ALL] == before


def test_a_stopped_upgrade_goes_on_where_it_was(ctx: Context) -> None:
    target = Stops(-1)
    store_copy.copy(ctx.runtime.store, target, "a")
    target.left = 1
    with pytest.raises(KeyboardInterrupt):
        migrations.run(target, PLAN)
    target.left = -1
    assert [(d.number, d.records) for d in migrations.run(target, PLAN)] == [(2, 0), (3, 1)]


def test_a_store_of_a_newer_release_is_refused(ctx: Context) -> None:
    write_layout(ctx.runtime.store, 9)
    with pytest.raises(LayoutMismatch, match="newer release"):
        migrations.run(ctx.runtime.store, PLAN)
    with pytest.raises(LayoutMismatch, match="newer release"):
        check_ready(ctx.runtime.store, 3)


def test_a_server_needs_the_present_layout(ctx: Context) -> None:
    with pytest.raises(LayoutMismatch, match="pangolin upgrade"):
        check_ready(ctx.runtime.store, 2)


def test_two_layout_writers_do_not_both_win(ctx: Context) -> None:
    store = ctx.runtime.store
    found = read_layout(store)
    assert found is not None
    write_layout(store, 2)
    with pytest.raises(Conflict):
        store.apply(Put(kinds.LAYOUT, found.doc | {"number": 3}, found.version))
