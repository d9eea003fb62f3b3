"""Secrets of warehouses at rest: sealed, bound to their place, sealed again, moved as they are."""

import io
from dataclasses import replace
from typing import Any

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.errors import BadRequest, UnknownPlugin
from pangolin.services.audit import records as audit_records
from pangolin.services.context.context import Context
from pangolin.services.context.parts import Parts
from pangolin.services.operations import export, migrations, secret_rotation, store_copy
from pangolin.services.operations.layout import write_layout
from pangolin.services.sealing import keyring
from pangolin.services.sealing.keyring import KEYRING, SealBroken
from pangolin.services.sealing.server_secrets import REMEMBERED
from pangolin.services.storage import warehouse_secrets
from pangolin.services.storage.warehouse_secrets import as_plugin
from pangolin.services.tenants import settings as tenant_settings
from pangolin.services.warehouses import warehouses
from pangolin.store.api import Kind, Put
from pangolin.store.documents import WarehouseDoc
from pangolin.store.kinds import AUDIT, TENANT_SETTINGS, WAREHOUSE
from tests.answers import made
from tests.warehouses.conftest import KEY, ROLE, S3, SECRET, record, refused
from tests.worlds.management import Call

WHERE = f"storage_config.{KEY}"


def create(ctx: Context, name: str = "s", **fields: Any) -> None:
    warehouses.create(ctx, {"name": name, "storage_config": S3, **fields})


def under(ctx: Context, keys: str) -> Context:
    """The same installation by a server with other keys, that remembers nothing."""
    settings = replace(ctx.settings, secret_keys=keys)
    runtime = replace(ctx.runtime, settings=settings, parts=Parts())
    # But for the server's own secrets, which it has opened before.
    runtime.parts.get(REMEMBERED, lambda: ctx.runtime.part(REMEMBERED))
    return replace(ctx, runtime=runtime)


def test_a_secret_is_nowhere_in_the_store_but_opens_for_plugins(ctx: Context) -> None:
    strategy = {"AwsStatic": {"access_key_id": "AK", "secret_access_key": f"{SECRET}2"}}
    create(ctx, vending_strategy=strategy)
    assert SECRET not in str(record(ctx).doc)
    found = as_plugin(ctx.runtime, record(ctx))
    assert found.config == S3
    assert found.vending_strategy == strategy
    assert SECRET not in repr(found) + repr(ctx.runtime)


@pytest.mark.parametrize("member", ["tenant", "id", "version"])
def test_a_record_that_was_moved_does_not_open(ctx: Context, member: str) -> None:
    create(ctx)
    moved = dict(record(ctx).doc)
    if member == "version":
        entry = moved["secrets"][WHERE]
        moved["secrets"] = {WHERE: entry | {"version": entry["version"] + 1}}
    else:
        moved[member] = "00000000-0000-0000-0000-00000000000b"
    with pytest.raises(SealBroken):
        as_plugin(ctx.runtime, replace(record(ctx), doc=moved, version=99))


def test_a_secret_does_not_open_under_another_option(ctx: Context) -> None:
    create(ctx)
    doc = dict(record(ctx).doc)
    doc["secrets"] = {"storage_config.s3.session-token": doc["secrets"][WHERE]}
    with pytest.raises(SealBroken):
        as_plugin(ctx.runtime, replace(record(ctx), doc=doc, version=99))


def test_what_does_not_change_stays_as_it_was_sealed(ctx: Context) -> None:
    create(ctx)
    before = record(ctx).doc["secrets"]
    warehouses.update(ctx, "s", {"storage_config": {"region": "us-east-1"}})
    assert record(ctx).doc["secrets"] == before
    warehouses.update(ctx, "s", {"storage_config": {"secret_access_key": f"{SECRET}3"}})
    assert record(ctx).doc["secrets"][WHERE]["version"] == 2
    assert as_plugin(ctx.runtime, record(ctx)).config[KEY] == f"{SECRET}3"


def test_a_rename_keeps_the_secrets(ctx: Context) -> None:
    create(ctx)
    warehouses.update(ctx, "s", {"name": "renamed", "use_sts": False})
    assert as_plugin(ctx.runtime, record(ctx, "renamed")).config[KEY] == SECRET


def test_the_external_id_is_confidential(call: Call, ctx: Context) -> None:
    config = S3 | {"s3.external-id": "our-own-external-id", "s3.role-arn": ROLE}
    shown = made(call("POST", "/warehouses", {"name": "s", "storage_config": config}))
    assert shown["storage_config"]["s3.external-id"] == "***l-id"
    assert "our-own" not in str(record(ctx).doc)


def test_without_a_key_no_secret_is_taken(ctx: Context) -> None:
    keyless = replace(ctx.settings, store_url="postgresql://db", secret_keys="")
    runtime = replace(ctx.runtime, settings=keyless, parts=Parts())
    with pytest.raises(BadRequest, match="pangolin secrets new-key"):
        warehouse_secrets.sealed(runtime, _clear(), ctx.tenant)
    # A warehouse without secrets needs none.
    bare: WarehouseDoc = _clear() | {
        "storage_config": {"type": "s3", "s3.bucket": "my-bucket"},
    }
    assert warehouse_secrets.sealed(runtime, bare, ctx.tenant)["secrets"] == {}


def _clear() -> WarehouseDoc:
    return {
        "id": "w1",
        "name": "w1",
        "storage_config": dict(S3),
        "use_sts": False,
        "vending_strategy": None,
        "created_at_ms": 0,
        "updated_at_ms": 0,
    }


def test_rotation_seals_anew_and_the_old_key_may_go(ctx: Context) -> None:
    old, new = keyring.new_key(), keyring.new_key()
    first = under(ctx, old)
    create(first)
    tenant_settings.update(first, {"smtp_password": SECRET})
    # The installation's own secrets were sealed with the key of the fixture.
    both = under(ctx, f"{new},{old}")
    fresh = {
        kind.name: each
        for kind, each in secret_rotation.SEALED.items()
        if kind.name in ("warehouse", "tenant_settings")
    }
    assert len(fresh) == 2
    for kind, each in secret_rotation.SEALED.items():
        if kind.name in fresh:
            assert secret_rotation._kind(both, kind, each).resealed == 1
            assert secret_rotation._kind(both, kind, each).resealed == 0
    assert as_plugin(under(ctx, new).runtime, record(ctx)).config[KEY] == SECRET
    with pytest.raises(SealBroken, match="PANGOLIN_SECRET_KEYS lacks"):
        as_plugin(under(ctx, old).runtime, record(ctx))


def test_a_warehouse_whose_key_was_lost_is_mended_by_giving_its_secret_again(ctx: Context) -> None:
    create(under(ctx, keyring.new_key()))
    lost = under(ctx, keyring.new_key())
    with pytest.raises(SealBroken):
        as_plugin(lost.runtime, record(ctx))
    with pytest.raises(BadRequest, match=r"s3\.secret-access-key is required"):
        warehouses.update(lost, "s", {"storage_config": {"region": "us-east-1"}})
    warehouses.update(lost, "s", {"storage_config": {"secret_access_key": SECRET}})
    assert as_plugin(lost.runtime, record(ctx)).config == S3


def test_copies_and_exports_carry_what_is_sealed(ctx: Context) -> None:
    create(ctx)
    target, out = MemoryStore(), io.BytesIO()
    store_copy.copy(ctx.runtime.store, target, "a")
    export.export(ctx.runtime.store, out, tenant=ctx.tenant, now_ms=1)
    assert SECRET.encode() not in out.getvalue()
    restored = MemoryStore()
    out.seek(0)
    export.import_(restored, out, layout=migrations.newest())
    for store in (target, restored):
        [found] = store.scan(WAREHOUSE)
        runtime = replace(ctx.runtime, store=store, parts=Parts())
        runtime.parts.get(KEYRING, lambda: ctx.runtime.part(KEYRING))
        assert as_plugin(runtime, found).config == S3


def test_the_audit_log_tells_a_change_of_a_secret_and_not_how_it_lies(ctx: Context) -> None:
    create(ctx)
    warehouses.update(ctx, "s", {"storage_config": {"secret_access_key": f"{SECRET}4"}})
    records = [each.doc for each in ctx.runtime.store.scan(AUDIT) if "warehouse" in str(each.doc)]
    first, second = (each for each in records if each["result"] == audit_records.SUCCESS)
    assert first["after"] == second["before"] != second["after"]
    assert SECRET not in str(records) and "v1:" not in str(records)


def test_a_mask_is_never_taken_for_a_secret(call: Call) -> None:
    config = S3 | {"s3.secret-access-key": "***abcd"}
    answer = call("POST", "/warehouses", {"name": "s", "storage_config": config})
    assert "masked" in refused(answer)


def test_layout_2_is_brought_to_layout_3_and_may_be_stopped(ctx: Context) -> None:
    store, runtime = ctx.runtime.store, ctx.runtime
    for number in range(3):
        create(ctx, f"w{number}", vending_strategy=_static())
        doc = warehouse_secrets.plain(runtime, record(ctx, f"w{number}").doc, ctx.tenant)
        store.apply(
            Put(WAREHOUSE, {k: v for k, v in doc.items() if k != "secrets"}, _version(ctx, number))
        )
    tenant_settings.update(ctx, {"smtp_host": "mail"})
    _in_clear(ctx, "smtp_password", "correct-horse-9abc")
    write_layout(store, 2)
    assert SECRET in str([each.doc for each in store.scan(WAREHOUSE)])
    assert [each.records for each in migrations.run(store, runtime=runtime, dry_run=True)] == [4]
    # As if it had been stopped after one record.
    first = next(iter(store.scan(WAREHOUSE)))
    store.apply(Put(WAREHOUSE, warehouse_secrets.upgraded(runtime, first.doc), first.version))
    assert [each.records for each in migrations.run(store, runtime=runtime)] == [3]
    assert migrations.run(store, runtime=runtime) == []
    sealed: tuple[Kind, ...] = (WAREHOUSE, TENANT_SETTINGS)
    everything = str([record.doc for kind in sealed for record in store.scan(kind)])
    assert SECRET not in everything and "correct-horse" not in everything
    for number in range(3):
        found = as_plugin(runtime, record(ctx, f"w{number}"))
        assert (found.config, found.vending_strategy) == (S3, _static())
    assert tenant_settings.get(ctx)["smtp_password"] == "***9abc"


def test_an_upgrade_asks_for_the_plugin_that_knows_what_is_secret(ctx: Context) -> None:
    create(ctx)
    doc = warehouse_secrets.plain(ctx.runtime, record(ctx).doc, ctx.tenant)
    del doc["secrets"]
    runtime = replace(ctx.runtime, object_backends=(), parts=Parts())
    with pytest.raises(UnknownPlugin, match="'s3'"):
        warehouse_secrets.upgraded(runtime, doc)


def _static() -> dict[str, dict[str, str]]:
    return {"AwsStatic": {"access_key_id": "AK", "secret_access_key": f"{SECRET}2"}}


def _version(ctx: Context, number: int) -> int:
    return record(ctx, f"w{number}").version


def _in_clear(ctx: Context, name: str, value: str) -> None:
    kind = TENANT_SETTINGS
    found = ctx.store.get(kind, ())
    assert found is not None
    ctx.store.apply(Put(kind, found.doc | {name: value}, found.version))
