"""Old records go by whole segments, and what stays still proves itself."""

from dataclasses import replace

import pytest

from pangolin.services.audit import retention
from pangolin.services.context.context import Context
from pangolin.services.operations import garbage_collection
from pangolin.store.api import ABSENT, ANY, Delete, Put
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT, TENANT
from tests.audit.log import DAY, Clock, broken, note, overwrite, records, segments, verdict

Log = list[AuditDoc]

Log = Log


def keeping(ctx: Context, days: int) -> Context:
    """Return the scope under another setting."""
    settings = replace(ctx.settings, audit_retention_days=days)
    return replace(ctx, runtime=replace(ctx.runtime, settings=settings))


@pytest.fixture
def log(ctx: Context, clock: Clock) -> Log:
    """Three records of twelve days ago, two of six, one of now."""
    note(ctx, 3)
    clock.now += 6 * DAY
    note(ctx, 2)
    clock.now += 6 * DAY
    note(ctx)
    return records(ctx.runtime.store)


def test_records_are_kept_for_ever_unless_the_setting_says_otherwise(
    ctx: Context, log: Log
) -> None:
    assert retention.expire(ctx.runtime) == 0
    assert records(ctx.runtime.store) == log


def test_segments_that_are_old_go_and_the_rest_verifies(ctx: Context, log: Log) -> None:
    assert retention.expire(keeping(ctx, 10).runtime) == 3
    assert records(ctx.runtime.store) == log[3:]
    found = verdict(ctx)
    assert (found.segments, found.broken) == (3, None)
    removed = segments(ctx.runtime.store)[0]["removed"]
    assert (removed["number"], removed["mac"]) == (3, log[2]["mac"])


def test_a_second_run_removes_nothing_more(ctx: Context, log: Log) -> None:
    assert retention.expire(keeping(ctx, 10).runtime) == 3
    assert retention.expire(keeping(ctx, 10).runtime) == 0
    assert retention.expire(keeping(ctx, 1).runtime) == 2
    assert verdict(ctx).broken is None


def test_a_dry_run_only_counts(ctx: Context, log: Log) -> None:
    assert retention.expire(keeping(ctx, 5).runtime, dry_run=True) == 5
    assert records(ctx.runtime.store) == log


def test_gc_reports_what_it_removed(ctx: Context, log: Log) -> None:
    assert garbage_collection.collect(keeping(ctx, 10).runtime).audit == 3


def test_a_run_that_was_cut_short_is_finished_by_the_next(ctx: Context, log: Log) -> None:
    retention.expire(keeping(ctx, 10).runtime)
    ctx.runtime.store.apply(*(Put(AUDIT, doc, ABSENT) for doc in log[1:3]))
    assert verdict(ctx).broken is None
    assert retention.expire(keeping(ctx, 10).runtime, dry_run=True) == 2
    assert retention.expire(keeping(ctx, 10).runtime) == 2
    assert verdict(ctx).broken is None


def test_a_segment_that_is_not_whole_is_kept_as_evidence(ctx: Context, log: Log) -> None:
    overwrite(ctx.runtime.store, log[1], username="nobody")
    assert retention.expire(keeping(ctx, 10).runtime, dry_run=True) == 0
    assert retention.expire(keeping(ctx, 10).runtime) == 0
    assert broken(ctx).number == 2


def test_the_record_of_a_removed_segment_must_not_go(ctx: Context, log: Log) -> None:
    retention.expire(keeping(ctx, 10).runtime)
    ctx.runtime.store.apply(Delete(AUDIT_SEGMENT, (ctx.tenant, log[0]["segment"])))
    assert broken(ctx).segment == log[0]["segment"]


def test_nobody_can_make_a_segment_look_removed_in_its_time(ctx: Context, log: Log) -> None:
    first = segments(ctx.runtime.store)[0]
    removed = {"number": 3, "mac": log[2]["mac"], "at_ms": 1}
    ctx.runtime.store.apply(Put(AUDIT_SEGMENT, first | {"removed": removed}, ANY))
    ctx.runtime.store.purge(AUDIT, (ctx.tenant, first["segment"]))
    assert (broken(ctx).segment, broken(ctx).number) == (first["segment"], None)


def test_a_record_slipped_into_a_removed_segment_is_found(ctx: Context, log: Log) -> None:
    retention.expire(keeping(ctx, 10).runtime)
    ctx.runtime.store.apply(Put(AUDIT, log[1] | {"username": "x"}, ABSENT))
    assert broken(ctx).segment == log[1]["segment"]


def test_the_log_of_a_tenant_that_is_no_more_expires_too(ctx: Context, log: Log) -> None:
    ctx.runtime.store.apply(Delete(TENANT, (ctx.tenant,)))
    assert retention.expire(keeping(ctx, 10).runtime) == 3
