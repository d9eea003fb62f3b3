"""A change and its record are one: neither is there without the other."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pangolin.errors import OutcomeUnknown, Unavailable
from pangolin.interfaces.authentication import Principal
from pangolin.registry import Registry
from pangolin.services.audit import trail
from pangolin.services.audit.records import Actor, AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import denial
from pangolin.services.branches import management
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.context.context import ClientInfo, Context
from pangolin.services.context.parts import Parts
from pangolin.services.context.resource import Resource
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.warehouses import warehouses
from pangolin.store.api import ABSENT, Change, Conflict, Put, Store
from pangolin.store.kinds import AUDIT, GUARD
from tests.audit.log import elsewhere, event, note, records, segments, verdict

CANARY = "canary-8d1f0c"


class Failing:
    """A store whose next batch fails, before or after it is in."""

    def __init__(self, store: Store, error: Exception, *, applied: bool) -> None:
        self.store, self.error, self.applied = store, error, applied

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def apply(self, *changes: Change) -> None:
        if self.applied:
            self.store.apply(*changes)
        raise self.error


def failing(ctx: Context, error: Exception, *, applied: bool = False) -> Context:
    """Return a scope over such a store, of the same process."""
    broken: Any = Failing(ctx.runtime.store, error, applied=applied)
    return replace(ctx, runtime=replace(ctx.runtime, store=broken))


def guard(name: str) -> Put:
    return Put(GUARD, {"name": name}, ABSENT)


def test_a_change_is_recorded_with_who_what_and_where(ctx: Context) -> None:
    asking = replace(ctx, client=ClientInfo("192.0.2.7", "spark/4", "r-1"))
    namespaces.create(asking, "lake", ["sales"], {})
    (doc,) = records(ctx.runtime.store)
    assert doc["action"] == "create_namespace"
    assert (doc["resource_type"], doc["resource_name"], doc["ref"]) == (
        "namespace",
        "lake.sales",
        "main",
    )
    assert (doc["user_id"], doc["username"], doc["role"]) == ("root", "root", "root")
    assert (doc["ip_address"], doc["user_agent"]) == ("192.0.2.7", "spark/4")
    assert (doc["request_id"], doc["result"]) == ("r-1", "success")
    assert "before" not in doc and len(doc["after"]) == 64


def test_the_ref_of_a_change_is_told_apart_from_its_name(ctx: Context) -> None:
    management.create_branch(ctx, {"name": "dev", "catalog": "lake"})
    namespaces.create(ctx, "lake@dev", ["sales"], {})
    forked, made = records(ctx.runtime.store)
    assert (forked["resource_name"], forked["ref"]) == ("lake.dev", "dev")
    assert (made["resource_name"], made["ref"]) == ("lake.sales", "dev")


def test_what_one_change_leaves_is_what_the_next_one_finds(ctx: Context) -> None:
    namespaces.create(ctx, "lake", ["sales"], {})
    namespaces.update_properties(ctx, "lake", ["sales"], [], {"owner": "ann"})
    namespaces.drop(ctx, "lake", ["sales"])
    made, changed, dropped = records(ctx.runtime.store)
    assert made["after"] == changed["before"] != changed["after"] == dropped["before"]
    assert made["resource_id"] == dropped["resource_id"]
    assert "after" not in dropped


def test_a_batch_that_fails_leaves_no_record(ctx: Context) -> None:
    batch.apply(ctx, [guard("x")], event("first"))
    with pytest.raises(Conflict):
        batch.apply(ctx, [guard("x")], event("again"))
    batch.apply(ctx, [guard("y")], event("other"))
    assert [doc["action"] for doc in records(ctx.runtime.store)] == ["first", "other"]
    assert len(segments(ctx.runtime.store)) == 1
    assert verdict(ctx).broken is None


def test_a_first_batch_that_fails_opens_no_segment(ctx: Context) -> None:
    ctx.store.apply(guard("x"))
    with pytest.raises(Conflict):
        batch.apply(ctx, [guard("x")], event("again"))
    assert segments(ctx.runtime.store) == []
    note(ctx)
    assert (len(segments(ctx.runtime.store)), verdict(ctx).broken) == (1, None)


@pytest.mark.parametrize("applied", [True, False])
def test_a_segment_whose_batch_has_an_unknown_outcome_is_not_used_again(
    ctx: Context, applied: bool
) -> None:
    note(ctx)
    lost = failing(ctx, OutcomeUnknown("gone"), applied=applied)
    with pytest.raises(OutcomeUnknown):
        batch.apply(lost, [guard("x")], event("lost"))
    note(ctx)
    assert len(segments(ctx.runtime.store)) == 2
    assert verdict(ctx).records == 2 + applied
    assert verdict(ctx).broken is None


def test_a_segment_is_used_again_after_a_definite_failure(ctx: Context) -> None:
    note(ctx)
    with pytest.raises(Unavailable):
        note(failing(ctx, Unavailable("down")))
    note(ctx)
    assert (len(segments(ctx.runtime.store)), verdict(ctx).records) == (1, 2)


def test_a_writer_whose_segment_went_on_without_it_takes_another(ctx: Context) -> None:
    note(ctx)
    (head,) = records(ctx.runtime.store)
    ctx.runtime.store.apply(Put(AUDIT, head | {"number": 2}, ABSENT))
    batch.apply(ctx, [guard("x")], event("first"))
    assert ctx.store.get(GUARD, ("x",)) is not None
    assert len(segments(ctx.runtime.store)) == 2


def test_a_denial_is_recorded_and_never_raises(ctx: Context) -> None:
    ann = replace(ctx, principal=Principal("u1", "ann", "tenant-user", ctx.tenant))
    error = denial(ann, "delete", Resource("table", ("lake", "sales", "orders")))
    trail.record_denial(ann, error)
    (doc,) = records(ctx.runtime.store)
    assert (doc["action"], doc["result"]) == ("permission_denied", "failure")
    assert doc["metadata"] == {"action": "delete"}
    assert "ann may not delete" in doc["error_message"]
    trail.record_denial(failing(ann, Unavailable("down")), error)


def test_a_success_that_cannot_be_recorded_does_not_stand(ctx: Context) -> None:
    with pytest.raises(Unavailable):
        note(failing(ctx, Unavailable("down")))


def test_a_failure_outside_of_a_scope_is_recorded_for_the_default_tenant(ctx: Context) -> None:
    actor = Actor(Principal("", "mallory", ""), ClientInfo("192.0.2.9"))
    resource = Resource("user", ("mallory",))
    trail.record_outside(
        ctx.runtime,
        actor,
        AuditEvent(AuditAction.LOGIN_FAILED, resource, result="failure", error="wrong"),
    )
    (doc,) = records(ctx.runtime.store)
    assert (doc["tenant"], doc["username"]) == (DEFAULT_TENANT, "mallory")
    assert "user_id" not in doc


def test_a_request_may_name_anything_and_is_still_recorded(ctx: Context) -> None:
    odd = "\ud800" + "x" * 10_000
    note(replace(ctx, client=ClientInfo("::1", odd, odd)), error=odd, result="failure")
    trail.record(ctx, AuditEvent(AuditAction.VEND_CREDENTIALS, Resource("table", ("lake", odd))))
    first, second = records(ctx.runtime.store)
    assert first["error_message"].startswith("?xxx")
    assert len(second["resource_name"]) < 1000
    assert verdict(ctx).broken is None


def test_two_processes_write_segments_of_their_own(ctx: Context) -> None:
    other = elsewhere(ctx)
    for _ in range(3):
        note(ctx)
        note(other)
    assert len(segments(ctx.runtime.store)) == 2
    assert (verdict(ctx).records, verdict(ctx).broken) == (6, None)


def with_clouds(ctx: Context) -> Context:
    settings = replace(ctx.settings, warehouse_checks="off")
    registry = Registry(settings)
    runtime = replace(
        ctx.runtime,
        object_backends=list(registry.object_backends.values()),
        vendors=registry.vendors,
        settings=settings,
        parts=Parts(),
    )
    return replace(ctx, runtime=runtime)


def test_no_secret_is_ever_in_a_record(ctx: Context) -> None:
    ctx = with_clouds(ctx)
    strategy = {"AwsStatic": {"access_key_id": "AK", "secret_access_key": CANARY}}
    fields = {"name": "s", "storage_config": {"type": "s3", "bucket": "my-bucket"}}
    warehouses.create(ctx, {**fields, "vending_strategy": strategy})
    warehouses.update(ctx, "s", {"use_sts": True})
    warehouses.delete(ctx, "s")
    assert len(records(ctx.runtime.store)) == 3
    assert CANARY not in json.dumps(records(ctx.runtime.store))
