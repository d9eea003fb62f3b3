"""Writers do not contend, and what they wrote together verifies."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from pangolin.services.audit.chains import CHAINS, LONGEST, Segment
from pangolin.services.changes import batch
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.store.api import ABSENT, Put
from pangolin.store.kinds import GUARD
from tests.audit.log import HOUR, Clock, elsewhere, note, records, segments, verdict
from tests.forks import holds_in_child
from tests.services.counting import CountingStore
from tests.services.world import scope_on


def test_eight_threads_write_without_a_conflict(scope: Scope) -> None:
    def work(thread: int) -> None:
        for at in range(25):
            put = Put(GUARD, {"name": f"{thread}-{at}"}, ABSENT)
            batch.commit(scope, "work", Resource("guard"), [put])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(records(scope.runtime.store)) == 200
    assert len(segments(scope.runtime.store)) <= 8
    found = verdict(scope)
    assert (found.records, found.broken) == (200, None)


def test_records_of_one_thread_are_one_chain(scope: Scope) -> None:
    note(scope, 5)
    docs = records(scope.runtime.store)
    assert [doc["number"] for doc in docs] == [1, 2, 3, 4, 5]
    assert [doc["prev"] for doc in docs[1:]] == [doc["mac"] for doc in docs[:-1]]
    assert docs[0]["prev"] == segments(scope.runtime.store)[0]["mac"]


def test_a_segment_ends_after_an_hour_and_the_next_notes_where(scope: Scope, clock: Clock) -> None:
    note(scope, 3)
    clock.now += HOUR
    note(scope)
    first, second = segments(scope.runtime.store)
    third = records(scope.runtime.store)[2]
    assert first["anchors"] == []
    assert second["anchors"] == [[first["segment"], 3, third["mac"]]]


def test_a_segment_ends_when_it_is_long(scope: Scope) -> None:
    note(scope)
    segment = scope.runtime.part(CHAINS).take(scope.tenant, scope.now())
    assert isinstance(segment, Segment)
    assert not segment.has_ended(scope.now())
    segment.number = LONGEST
    assert segment.has_ended(scope.now())


def test_a_segment_notes_those_of_other_processes(scope: Scope) -> None:
    note(scope, 2)
    note(elsewhere(scope))
    first, second = segments(scope.runtime.store)
    assert [anchor[:2] for anchor in second["anchors"]] == [[first["segment"], 2]]


def test_a_child_process_goes_on_with_no_segment_of_its_parent(scope: Scope) -> None:
    note(scope)

    def goes_on() -> bool:
        note(scope)
        return len(segments(scope.runtime.store)) == 2

    assert holds_in_child(goes_on)


def test_tenants_have_chains_of_their_own(scope: Scope) -> None:
    store = scope.runtime.store
    other = scope_on(scope.runtime.settings.data_path, store, tenant="other")
    note(scope, 2)
    note(other, 3)
    assert Counter(doc["tenant"] for doc in records(store)) == {scope.tenant: 2, "other": 3}
    assert len({doc["segment"] for doc in records(store)}) == 2


def test_a_record_on_a_warm_segment_costs_no_round_trip(tmp_path: object) -> None:
    store = CountingStore()
    scope = scope_on(tmp_path, store)  # type: ignore[arg-type]
    note(scope)
    store.trips.clear()
    batch.commit(scope, "x", Resource("guard"), [Put(GUARD, {"name": "x"}, ABSENT)])
    assert store.trips == ["apply"]
