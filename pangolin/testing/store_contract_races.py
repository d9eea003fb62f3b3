"""Races between threads: no update is lost, and no reader or writer sees half a batch."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from pangolin.store.api import (
    ABSENT,
    Conflict,
    Delete,
    Put,
    Require,
    RequireEmpty,
    Store,
)
from pangolin.testing.store_contract_kinds import (
    COUNTER,
    NAMESPACE,
    TABLE,
    TENANT,
    namespace,
    put,
    read,
    table,
)

THREADS = 8
ROUNDS = 25
T = TypeVar("T")


@contextmanager
def _hasty_switches() -> Iterator[None]:
    # With the interpreter's 5 ms, most threads would run without a race.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def run_together(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run each job in its own thread, started at once; return results or raise an error."""
    barrier = threading.Barrier(len(jobs))

    def start(job: Callable[[], T]) -> T:
        barrier.wait()
        return job()

    with _hasty_switches(), ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(start, job) for job in jobs]]


def increment(store: Store, name: str) -> None:
    """Add one to a counter; retry until no other writer was faster."""
    while True:
        record = read(store, COUNTER, name)
        try:
            store.apply(Put(COUNTER, record.doc | {"n": record.doc["n"] + 1}, record.version))
        except Conflict:
            continue
        return


def attempt(store: Store, *changes: Put | Delete | Require | RequireEmpty) -> bool:
    """Apply changes; return whether they held."""
    try:
        store.apply(*changes)
    except Conflict:
        return False
    return True


class RaceContract:
    """Threads that write the same records."""

    def test_no_increment_of_eight_threads_is_lost(self, store: Store) -> None:
        store.apply(Put(COUNTER, {"name": "hits", "n": 0}))

        def work() -> None:
            for _ in range(ROUNDS):
                increment(store, "hits")

        run_together([work] * THREADS)
        assert read(store, COUNTER, "hits").doc["n"] == THREADS * ROUNDS

    def test_one_of_eight_equal_inserts_wins(self, store: Store) -> None:
        for at in range(10):
            change = Put(COUNTER, {"name": f"lock {at}"}, ABSENT)
            won = run_together([partial(attempt, store, change)] * THREADS)
            assert sum(won) == 1, f"{sum(won)} inserts of one key succeeded"

    def test_one_of_eight_claims_of_a_unique_value_wins(self, store: Store) -> None:
        for at in range(10):
            changes = [put(f"t{at}-{number}", id=f"{at}") for number in range(THREADS)]
            won = run_together([partial(attempt, store, change) for change in changes])
            assert sum(won) == 1, f"{sum(won)} records share one unique value"

    def test_a_namespace_is_not_dropped_while_a_table_is_created_in_it(self, store: Store) -> None:
        for at in range(20):
            name = f"ns{at}"
            store.apply(Put(NAMESPACE, namespace(name)))
            create = (Require(NAMESPACE, (TENANT, name)), Put(TABLE, table("t", name)))
            drop = (RequireEmpty(TABLE, (TENANT, name)), Delete(NAMESPACE, (TENANT, name)))
            jobs = [partial(attempt, store, *create), partial(attempt, store, *drop)]
            created, dropped = run_together(jobs)
            assert created != dropped, f"created: {created}, dropped: {dropped}; one must win"
            assert (store.get(NAMESPACE, (TENANT, name)) is not None) is created
            assert store.count(TABLE, (TENANT, name)) == int(created)

    def test_batches_that_overlap_in_opposite_order_all_finish(self, store: Store) -> None:
        store.apply(*(Put(COUNTER, {"name": name, "n": 0}) for name in "ab"))

        def move(first: str, second: str) -> None:
            for _ in range(ROUNDS):
                while True:
                    records = [read(store, COUNTER, name) for name in (first, second)]
                    changes = [
                        Put(COUNTER, record.doc | {"n": record.doc["n"] + 1}, record.version)
                        for record in records
                    ]
                    if attempt(store, *changes):
                        break

        run_together([lambda: move("a", "b"), lambda: move("b", "a")] * 2)
        assert [read(store, COUNTER, name).doc["n"] for name in "ab"] == [4 * ROUNDS] * 2

    def test_a_reader_never_sees_half_a_batch(self, store: Store) -> None:
        wanted = [f"part {at}" for at in range(5)]
        store.apply(*(Put(COUNTER, {"name": name, "n": 0}) for name in wanted))
        finished = threading.Event()
        seen: list[set[int]] = []

        def write_all() -> None:
            for n in range(1, 40):
                old = [read(store, COUNTER, name).version for name in wanted]
                docs = [{"name": name, "n": n} for name in wanted]
                store.apply(*map(partial(Put, COUNTER), docs, old))

        def write() -> None:
            try:
                write_all()
            finally:
                finished.set()

        def watch() -> None:
            while not finished.is_set():
                seen.append({record.doc["n"] for record in store.page(COUNTER).records})

        run_together([write, watch, watch])
        assert [values for values in seen if len(values) != 1] == []
