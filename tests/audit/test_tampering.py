"""Whatever is done to the log behind the server's back is found, and named."""

from typing import Any

import pytest

from pangolin.services.audit import verification
from pangolin.services.audit.chains import Head
from pangolin.services.audit.ids import new_id
from pangolin.services.context.context import Context
from pangolin.services.sealing.server_secrets import REMEMBERED
from pangolin.store.api import ABSENT, ANY, Delete, Put
from pangolin.store.identity_documents import AuditDoc
from pangolin.store.kinds import AUDIT, AUDIT_SEGMENT, SERVER_SECRET
from tests.audit.log import (
    HOUR,
    Clock,
    broken,
    elsewhere,
    note,
    overwrite,
    records,
    segments,
    verdict,
)

Log = list[AuditDoc]


@pytest.fixture
def log(ctx: Context, clock: Clock) -> Log:
    """Five records in a segment that has ended, and two in the one that notes it."""
    note(ctx, 5)
    clock.now += HOUR
    note(ctx, 2)
    assert verdict(ctx).broken is None
    return records(ctx.runtime.store)


def remove(ctx: Context, *docs: AuditDoc) -> None:
    ctx.runtime.store.apply(*(Delete(AUDIT, AUDIT.key_of(doc)) for doc in docs))


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "nobody"},
        {"result": "failure"},
        {"at_ms": 1},
        {"mac": "0" * 64},
        {"prev": "0" * 64},
        {"more": "than there was"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_changed_field_is_found(ctx: Context, log: Log, fields: dict[str, Any]) -> None:
    overwrite(ctx.runtime.store, log[2], **fields)
    found = broken(ctx)
    assert (found.segment, found.number, found.id) == (log[2]["segment"], 3, log[2]["id"])
    assert "was changed" in found.what


def test_a_field_that_is_taken_out_is_found(ctx: Context, log: Log) -> None:
    doc = {name: value for name, value in log[2].items() if name != "resource_name"}
    ctx.runtime.store.apply(Put(AUDIT, doc, ANY))
    assert broken(ctx).number == 3


@pytest.mark.parametrize("at", [0, 2, 5])
def test_a_removed_record_is_found(ctx: Context, log: Log, at: int) -> None:
    remove(ctx, log[at])
    found = broken(ctx)
    assert (found.segment, found.number) == (log[at]["segment"], log[at]["number"])
    assert "is in its place" in found.what


def test_a_removed_end_of_an_ended_segment_is_found(ctx: Context, log: Log) -> None:
    remove(ctx, *log[3:5])
    found = broken(ctx)
    assert (found.segment, found.number) == (log[3]["segment"], 4)
    assert "ends with record 3" in found.what and log[5]["segment"] in found.what


def test_a_removed_end_of_a_segment_in_use_is_found_once_it_goes_on(ctx: Context, log: Log) -> None:
    remove(ctx, log[6])
    note(ctx)
    found = broken(ctx)
    assert (found.segment, found.number) == (log[6]["segment"], 2)


def test_a_removed_segment_is_found(ctx: Context, log: Log) -> None:
    remove(ctx, *log[:5])
    ctx.runtime.store.apply(Delete(AUDIT_SEGMENT, (ctx.tenant, log[0]["segment"])))
    found = broken(ctx)
    assert (found.segment, found.number) == (log[0]["segment"], 1)
    assert "nothing is left of the segment" in found.what


def test_the_removed_records_of_a_segment_are_found(ctx: Context, log: Log) -> None:
    remove(ctx, *log[:5])
    assert "records are gone" in broken(ctx).what


def test_a_removed_segment_record_is_found(ctx: Context, log: Log) -> None:
    ctx.runtime.store.apply(Delete(AUDIT_SEGMENT, (ctx.tenant, log[0]["segment"])))
    found = broken(ctx)
    assert (found.segment, found.number, found.id) == (log[0]["segment"], 1, log[0]["id"])
    assert "segment's own record is missing" in found.what


def test_a_changed_segment_record_is_found(ctx: Context, log: Log) -> None:
    second = segments(ctx.runtime.store)[1]
    ctx.runtime.store.apply(Put(AUDIT_SEGMENT, second | {"anchors": []}, ANY))
    found = broken(ctx)
    assert (found.segment, found.number) == (log[5]["segment"], None)


def test_a_record_added_to_the_end_is_found(ctx: Context, log: Log) -> None:
    added = log[4] | {"number": 6, "id": new_id(1), "prev": log[4]["mac"]}
    ctx.runtime.store.apply(Put(AUDIT, added, ABSENT))
    assert broken(ctx).number == 6


def test_a_record_added_to_a_segment_of_its_own_is_found(ctx: Context, log: Log) -> None:
    added = log[0] | {"segment": new_id(1), "id": new_id(1)}
    ctx.runtime.store.apply(Put(AUDIT, added, ABSENT))
    assert "segment's own record is missing" in broken(ctx).what


def test_records_that_were_swapped_are_found(ctx: Context, log: Log) -> None:
    one, two = log[1], log[2]
    overwrite(ctx.runtime.store, two, number=2)
    overwrite(ctx.runtime.store, one, number=3)
    found = broken(ctx)
    assert (found.number, found.id) == (2, two["id"])


def test_records_of_another_tenant_do_not_pass_for_ones_own(ctx: Context, log: Log) -> None:
    store, other = ctx.runtime.store, "other"
    store.apply(*(Put(AUDIT, doc | {"tenant": other}, ABSENT) for doc in log))
    store.apply(*(Put(AUDIT_SEGMENT, d | {"tenant": other}, ABSENT) for d in segments(store)))
    verdicts = {found.tenant: found for found in verification.verify(ctx.runtime)}
    assert verdicts[other].broken is not None
    assert verdicts[ctx.tenant].broken is None


def test_a_log_signed_with_another_secret_does_not_verify(ctx: Context, log: Log) -> None:
    ctx.runtime.store.apply(Delete(SERVER_SECRET, ("audit",)))
    ctx.runtime.part(REMEMBERED).drop("audit")
    assert broken(ctx).segment == log[0]["segment"]


def test_an_end_cut_off_since_the_last_note_is_found_by_heads_kept_elsewhere(
    ctx: Context, log: Log
) -> None:
    kept = {ctx.tenant: verdict(ctx).heads}
    remove(ctx, log[6])
    assert verdict(ctx).broken is None
    (found,) = verification.verify(ctx.runtime, ctx.tenant, kept)
    assert found.broken is not None and found.broken.number == 2
    assert "the file of heads" in found.broken.what


def test_heads_kept_elsewhere_hold_while_the_log_goes_on(ctx: Context, log: Log) -> None:
    kept = {ctx.tenant: verdict(ctx).heads}
    note(ctx, 2)
    note(elsewhere(ctx))
    (found,) = verification.verify(ctx.runtime, None, kept)
    assert (found.broken, found.records) == (None, len(log) + 3)
    missing = {"gone": [Head("s", 1, "m")]}
    gone = {each.tenant: each for each in verification.verify(ctx.runtime, None, missing)}
    assert gone["gone"].broken is not None


def test_the_digest_tells_one_state_of_the_log_from_the_next(ctx: Context, log: Log) -> None:
    before = verdict(ctx).digest
    assert verdict(ctx).digest == before
    note(ctx)
    assert verdict(ctx).digest != before
