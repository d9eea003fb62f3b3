"""Old records go by whole segments, and what stays still proves itself."""

from dataclasses import replace

import pytest

from pangolin.services.audit import retention
from pangolin.services.context.scope import Scope
from pangolin.services.operations import garbage_collection
from pangolin.store.api import ABSENT, ANY, Delete, Doc, Put
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT, TENANT
from tests.audit.log import DAY, Clock, broken, note, overwrite, records, segments, verdict


def keeping(scope: Scope, days: int) -> Scope:
    """Give the scope under another setting."""
    settings = replace(scope.settings, audit_retention_days=days)
    return replace(scope, runtime=replace(scope.runtime, settings=settings))


@pytest.fixture
def log(scope: Scope, clock: Clock) -> list[Doc]:
    """Three records of twelve days ago, two of six, one of now."""
    note(scope, 3)
    clock.now += 6 * DAY
    note(scope, 2)
    clock.now += 6 * DAY
    note(scope)
    return records(scope.runtime.store)


def test_records_are_kept_for_ever_unless_the_setting_says_otherwise(
    scope: Scope, log: list[Doc]
) -> None:
    assert retention.expire(scope.runtime) == 0
    assert records(scope.runtime.store) == log


def test_segments_that_are_old_go_and_the_rest_verifies(scope: Scope, log: list[Doc]) -> None:
    assert retention.expire(keeping(scope, 10).runtime) == 3
    assert records(scope.runtime.store) == log[3:]
    found = verdict(scope)
    assert (found.segments, found.broken) == (3, None)
    removed = segments(scope.runtime.store)[0]["removed"]
    assert (removed["number"], removed["mac"]) == (3, log[2]["mac"])


def test_a_second_run_removes_nothing_more(scope: Scope, log: list[Doc]) -> None:
    assert retention.expire(keeping(scope, 10).runtime) == 3
    assert retention.expire(keeping(scope, 10).runtime) == 0
    assert retention.expire(keeping(scope, 1).runtime) == 2
    assert verdict(scope).broken is None


def test_a_dry_run_only_counts(scope: Scope, log: list[Doc]) -> None:
    assert retention.expire(keeping(scope, 5).runtime, dry_run=True) == 5
    assert records(scope.runtime.store) == log


def test_gc_reports_what_it_removed(scope: Scope, log: list[Doc]) -> None:
    assert garbage_collection.collect(keeping(scope, 10).runtime).audit == 3


def test_a_run_that_was_cut_short_is_finished_by_the_next(scope: Scope, log: list[Doc]) -> None:
    retention.expire(keeping(scope, 10).runtime)
    scope.runtime.store.apply(*(Put(AUDIT, doc, ABSENT) for doc in log[1:3]))
    assert verdict(scope).broken is None
    assert retention.expire(keeping(scope, 10).runtime, dry_run=True) == 2
    assert retention.expire(keeping(scope, 10).runtime) == 2
    assert verdict(scope).broken is None


def test_a_segment_that_is_not_whole_is_kept_as_evidence(scope: Scope, log: list[Doc]) -> None:
    overwrite(scope.runtime.store, log[1], username="nobody")
    assert retention.expire(keeping(scope, 10).runtime, dry_run=True) == 0
    assert retention.expire(keeping(scope, 10).runtime) == 0
    assert broken(scope).number == 2


def test_the_record_of_a_removed_segment_must_not_go(scope: Scope, log: list[Doc]) -> None:
    retention.expire(keeping(scope, 10).runtime)
    scope.runtime.store.apply(Delete(AUDIT_SEGMENT, (scope.tenant, log[0]["segment"])))
    assert broken(scope).segment == log[0]["segment"]


def test_nobody_can_make_a_segment_look_removed_in_its_time(scope: Scope, log: list[Doc]) -> None:
    first = segments(scope.runtime.store)[0]
    removed = {"number": 3, "mac": log[2]["mac"], "at_ms": 1}
    scope.runtime.store.apply(Put(AUDIT_SEGMENT, first | {"removed": removed}, ANY))
    scope.runtime.store.purge(AUDIT, (scope.tenant, first["segment"]))
    assert (broken(scope).segment, broken(scope).number) == (first["segment"], None)


def test_a_record_slipped_into_a_removed_segment_is_found(scope: Scope, log: list[Doc]) -> None:
    retention.expire(keeping(scope, 10).runtime)
    scope.runtime.store.apply(Put(AUDIT, log[1] | {"username": "x"}, ABSENT))
    assert broken(scope).segment == log[1]["segment"]


def test_the_log_of_a_tenant_that_is_no_more_expires_too(scope: Scope, log: list[Doc]) -> None:
    scope.runtime.store.apply(Delete(TENANT, (scope.tenant,)))
    assert retention.expire(keeping(scope, 10).runtime) == 3
