"""Writers do not contend, and what they wrote together verifies."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from pangolin.services.audit.chains import CHAINS, LONGEST, Segment
from pangolin.services.changes import batch
from pangolin.services.context.context import Context
from pangolin.store.api import ABSENT, Put
from pangolin.store.documents import GuardDoc
from pangolin.store.kinds import GUARD
from tests.audit.log import HOUR, Clock, elsewhere, event, note, records, segments, verdict
from tests.counting import CountingStore
from tests.forks import holds_in_child
from tests.worlds.one_catalog import context_on


def test_eight_threads_write_without_a_conflict(ctx: Context) -> None:
    def work(thread: int) -> None:
        for at in range(25):
            doc: GuardDoc = {"name": f"{thread}-{at}"}
            put = Put(GUARD, doc, ABSENT)
            batch.apply(ctx, [put], event("work"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(records(ctx.runtime.store)) == 200
    assert len(segments(ctx.runtime.store)) <= 8
    found = verdict(ctx)
    assert (found.records, found.broken) == (200, None)


def test_records_of_one_thread_are_one_chain(ctx: Context) -> None:
    note(ctx, 5)
    docs = records(ctx.runtime.store)
    assert [doc["number"] for doc in docs] == [1, 2, 3, 4, 5]
    assert [doc["prev"] for doc in docs[1:]] == [doc["mac"] for doc in docs[:-1]]
    assert docs[0]["prev"] == segments(ctx.runtime.store)[0]["mac"]


def test_a_segment_ends_after_an_hour_and_the_next_notes_where(ctx: Context, clock: Clock) -> None:
    note(ctx, 3)
    clock.now += HOUR
    note(ctx)
    first, second = segments(ctx.runtime.store)
    third = records(ctx.runtime.store)[2]
    assert first["anchors"] == []
    assert second["anchors"] == [[first["segment"], 3, third["mac"]]]


def test_a_segment_ends_when_it_is_long(ctx: Context) -> None:
    note(ctx)
    segment = ctx.runtime.part(CHAINS).take(ctx.tenant, ctx.now())
    assert isinstance(segment, Segment)
    assert not segment.has_ended(ctx.now())
    segment.number = LONGEST
    assert segment.has_ended(ctx.now())


def test_a_segment_notes_those_of_other_processes(ctx: Context) -> None:
    note(ctx, 2)
    note(elsewhere(ctx))
    first, second = segments(ctx.runtime.store)
    assert [anchor[:2] for anchor in second["anchors"]] == [[first["segment"], 2]]


def test_a_child_process_goes_on_with_no_segment_of_its_parent(ctx: Context) -> None:
    note(ctx)

    def goes_on() -> bool:
        note(ctx)
        return len(segments(ctx.runtime.store)) == 2

    assert holds_in_child(goes_on)


def test_tenants_have_chains_of_their_own(ctx: Context) -> None:
    store = ctx.runtime.store
    other = context_on(ctx.runtime.settings.data_path, store, tenant="other")
    note(ctx, 2)
    note(other, 3)
    assert Counter(doc["tenant"] for doc in records(store)) == {ctx.tenant: 2, "other": 3}
    assert len({doc["segment"] for doc in records(store)}) == 2


def test_a_record_on_a_warm_segment_costs_no_round_trip(tmp_path: object) -> None:
    store = CountingStore()
    ctx = context_on(tmp_path, store)  # type: ignore[arg-type]
    note(ctx)
    store.trips.clear()
    batch.apply(ctx, [Put(GUARD, {"name": "x"}, ABSENT)], event("x"))
    assert store.trips == ["apply"]
