"""A change and its record are one: neither is there without the other."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pangolin.errors import OutcomeUnknown, Unavailable
from pangolin.interfaces.authentication import Principal
from pangolin.registry import Registry
from pangolin.services.audit import trail
from pangolin.services.audit.trail import Actor
from pangolin.services.authz.access import denial
from pangolin.services.branches import management
from pangolin.services.catalogs import namespaces
from pangolin.services.changes import batch
from pangolin.services.context.parts import Parts
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import ClientInfo, Scope
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.warehouses import warehouses
from pangolin.store.api import ABSENT, Change, Conflict, Put, Store
from pangolin.store.kinds import AUDIT, GUARD
from tests.audit.log import elsewhere, note, records, segments, verdict

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


def failing(scope: Scope, error: Exception, *, applied: bool = False) -> Scope:
    """Give a scope over such a store, of the same process."""
    broken: Any = Failing(scope.runtime.store, error, applied=applied)
    return replace(scope, runtime=replace(scope.runtime, store=broken))


def guard(name: str) -> Put:
    return Put(GUARD, {"name": name}, ABSENT)


def test_a_change_is_recorded_with_who_what_and_where(scope: Scope) -> None:
    asking = replace(scope, client=ClientInfo("192.0.2.7", "spark/4", "r-1"))
    namespaces.create(asking, "lake", ["sales"], {})
    (doc,) = records(scope.runtime.store)
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


def test_the_ref_of_a_change_is_told_apart_from_its_name(scope: Scope) -> None:
    management.create_branch(scope, {"name": "dev", "catalog": "lake"})
    namespaces.create(scope, "lake@dev", ["sales"], {})
    forked, made = records(scope.runtime.store)
    assert (forked["resource_name"], forked["ref"]) == ("lake.dev", "dev")
    assert (made["resource_name"], made["ref"]) == ("lake.sales", "dev")


def test_what_one_change_leaves_is_what_the_next_one_finds(scope: Scope) -> None:
    namespaces.create(scope, "lake", ["sales"], {})
    namespaces.update_properties(scope, "lake", ["sales"], [], {"owner": "ann"})
    namespaces.drop(scope, "lake", ["sales"])
    made, changed, dropped = records(scope.runtime.store)
    assert made["after"] == changed["before"] != changed["after"] == dropped["before"]
    assert made["resource_id"] == dropped["resource_id"]
    assert "after" not in dropped


def test_a_batch_that_fails_leaves_no_record(scope: Scope) -> None:
    batch.commit(scope, "first", Resource("guard"), [guard("x")])
    with pytest.raises(Conflict):
        batch.commit(scope, "again", Resource("guard"), [guard("x")])
    batch.commit(scope, "other", Resource("guard"), [guard("y")])
    assert [doc["action"] for doc in records(scope.runtime.store)] == ["first", "other"]
    assert len(segments(scope.runtime.store)) == 1
    assert verdict(scope).broken is None


def test_a_first_batch_that_fails_opens_no_segment(scope: Scope) -> None:
    scope.store.apply(guard("x"))
    with pytest.raises(Conflict):
        batch.commit(scope, "again", Resource("guard"), [guard("x")])
    assert segments(scope.runtime.store) == []
    note(scope)
    assert (len(segments(scope.runtime.store)), verdict(scope).broken) == (1, None)


@pytest.mark.parametrize("applied", [True, False])
def test_a_segment_whose_batch_has_an_unknown_outcome_is_not_used_again(
    scope: Scope, applied: bool
) -> None:
    note(scope)
    lost = failing(scope, OutcomeUnknown("gone"), applied=applied)
    with pytest.raises(OutcomeUnknown):
        batch.commit(lost, "lost", Resource("guard"), [guard("x")])
    note(scope)
    assert len(segments(scope.runtime.store)) == 2
    assert verdict(scope).records == 2 + applied
    assert verdict(scope).broken is None


def test_a_segment_is_used_again_after_a_definite_failure(scope: Scope) -> None:
    note(scope)
    with pytest.raises(Unavailable):
        note(failing(scope, Unavailable("down")))
    note(scope)
    assert (len(segments(scope.runtime.store)), verdict(scope).records) == (1, 2)


def test_a_writer_whose_segment_went_on_without_it_takes_another(scope: Scope) -> None:
    note(scope)
    (head,) = records(scope.runtime.store)
    scope.runtime.store.apply(Put(AUDIT, head | {"number": 2}, ABSENT))
    batch.commit(scope, "first", Resource("guard"), [guard("x")])
    assert scope.store.get(GUARD, ("x",)) is not None
    assert len(segments(scope.runtime.store)) == 2


def test_a_denial_is_recorded_and_never_raises(scope: Scope) -> None:
    ann = replace(scope, principal=Principal("u1", "ann", "tenant-user", scope.tenant))
    error = denial(ann, "delete", Resource("table", ("lake", "sales", "orders")))
    trail.denied(ann, error)
    (doc,) = records(scope.runtime.store)
    assert (doc["action"], doc["result"]) == ("permission_denied", "failure")
    assert doc["metadata"] == {"action": "delete"}
    assert "ann may not delete" in doc["error_message"]
    trail.denied(failing(ann, Unavailable("down")), error)


def test_a_success_that_cannot_be_recorded_does_not_stand(scope: Scope) -> None:
    with pytest.raises(Unavailable):
        note(failing(scope, Unavailable("down")))


def test_a_failure_outside_of_a_scope_is_recorded_for_the_default_tenant(scope: Scope) -> None:
    actor = Actor(Principal("", "mallory", ""), ClientInfo("192.0.2.9"))
    resource = Resource("user", ("mallory",))
    trail.note_on(scope.runtime, actor, "login_failed", resource, result="failure", error="wrong")
    (doc,) = records(scope.runtime.store)
    assert (doc["tenant"], doc["username"]) == (DEFAULT_TENANT, "mallory")
    assert "user_id" not in doc


def test_a_request_may_name_anything_and_is_still_recorded(scope: Scope) -> None:
    odd = "\ud800" + "x" * 10_000
    note(replace(scope, client=ClientInfo("::1", odd, odd)), error=odd, result="failure")
    trail.note(scope, "read_credentials", Resource("table", ("lake", odd)))
    first, second = records(scope.runtime.store)
    assert first["error_message"].startswith("?xxx")
    assert len(second["resource_name"]) < 1000
    assert verdict(scope).broken is None


def test_two_processes_write_segments_of_their_own(scope: Scope) -> None:
    other = elsewhere(scope)
    for _ in range(3):
        note(scope)
        note(other)
    assert len(segments(scope.runtime.store)) == 2
    assert (verdict(scope).records, verdict(scope).broken) == (6, None)


def with_clouds(scope: Scope) -> Scope:
    settings = replace(scope.settings, warehouse_checks="off")
    registry = Registry(settings)
    runtime = replace(
        scope.runtime,
        object_backends=list(registry.object_backends.values()),
        vendors=registry.vendors,
        settings=settings,
        parts=Parts(),
    )
    return replace(scope, runtime=runtime)


def test_no_secret_is_ever_in_a_record(scope: Scope) -> None:
    scope = with_clouds(scope)
    strategy = {"AwsStatic": {"access_key_id": "AK", "secret_access_key": CANARY}}
    fields = {"name": "s", "storage_config": {"type": "s3", "bucket": "my-bucket"}}
    warehouses.create(scope, {**fields, "vending_strategy": strategy})
    warehouses.update(scope, "s", {"use_sts": True})
    warehouses.delete(scope, "s")
    assert len(records(scope.runtime.store)) == 3
    assert CANARY not in json.dumps(records(scope.runtime.store))
