"""What outlives a store: its records after close, beside another store, and after a kill."""

import multiprocessing
import time
from collections.abc import Callable
from itertools import count
from typing import ClassVar

import pytest

from pangolin.store.api import ANY, Index, Kind, Put, Store
from pangolin.testing.store_contract_kinds import (
    COUNTER,
    KINDS,
    TABLE,
    TENANT,
    add,
    all_names,
    key,
    names,
    put,
    read,
    refused,
    version,
)
from pangolin.testing.store_contract_races import increment, run_together

OpenStore = Callable[[], Store]
PARTS = [f"part {at}" for at in range(5)]


def write_forever(open_store: OpenStore) -> None:
    """Write batches of equal numbers until killed."""
    store = open_store()
    for n in count(1):
        store.apply(*(Put(COUNTER, {"name": name, "n": n, "text": "x" * n}, ANY) for name in PARTS))


def numbers(store: Store) -> list[int]:
    """Read what the batches wrote, as of one moment."""
    return [record.doc["n"] for record in store.page(COUNTER).records]


class SetupContract:
    """Layouts that are set up again, and extended."""

    durable: ClassVar[bool]

    def test_setup_again_keeps_the_records(self, store: Store) -> None:
        add(store, "orders", id="1")
        store.setup(KINDS)
        store.setup(KINDS)
        assert all_names(store) == ["orders"]
        assert store.find(TABLE, "id", (TENANT, "1")) is not None

    def test_setup_from_several_threads_at_once(self, open_store: OpenStore) -> None:
        store = open_store()
        run_together([lambda: store.setup(KINDS)] * 4)
        add(store, "orders")
        assert all_names(store) == ["orders"]
        store.close()

    def test_setup_adds_kinds_and_indexes_and_fills_them(self, store: Store) -> None:
        add(store, "b", "a", owner="ann", size=10)
        add(store, "none")
        add(store, "c", owner="bob", size=9)
        indexes = {"owner": Index(("tenant", "owner")), "size": Index(("tenant", "size"))}
        extended = Kind(
            TABLE.name,
            TABLE.key,
            {**TABLE.indexes, **indexes},
            TABLE.integers | {"size"},
        )
        added = Kind("contract_added", ("name",))
        store.setup([extended, added])
        assert names(store.page(extended, (TENANT, "ann"), index="owner")) == ["a", "b"]
        assert names(store.page(extended, (TENANT,), index="size")) == ["c", "a", "b"]
        store.apply(Put(added, {"name": "x"}))
        store.apply(Put(extended, read(store, TABLE, *key("c")).doc | {"owner": "ann"}, ANY))
        assert names(store.page(extended, (TENANT, "ann"), index="owner")) == ["a", "b", "c"]

    def test_a_closed_store_can_be_used_again(self, store: Store) -> None:
        add(store, "orders")
        store.close()
        store.close()
        assert all_names(store) == ["orders"]
        store.ping()

    def test_ping_is_quiet_on_a_healthy_store(self, store: Store) -> None:
        store.ping()


class DurableContract:
    """Several stores on one backend; skipped where each store is its own."""

    durable: ClassVar[bool]

    @pytest.fixture
    def second(self, store: Store, open_store: OpenStore) -> Store:
        """Open another store on the backend of `store`."""
        if not self.durable:
            pytest.skip("each store of this backend is its own")
        return open_store()

    def test_records_outlive_the_store(self, store: Store, second: Store) -> None:
        add(store, "orders", id="1", note="kept")
        before = read(store, TABLE, *key("orders"))
        store.close()
        second.setup(KINDS)
        assert read(second, TABLE, *key("orders")) == before
        assert refused(second, change := put("returns", id="1")) is change
        second.close()

    def test_two_stores_see_each_other(self, store: Store, second: Store) -> None:
        add(store, "orders")
        old = version(second, "orders")
        second.apply(put("orders", old, note="by the second"))
        assert read(store, TABLE, *key("orders")).doc["note"] == "by the second"
        assert refused(store, change := put("orders", old)) is change
        second.close()

    def test_no_increment_of_two_stores_is_lost(self, store: Store, second: Store) -> None:
        store.apply(Put(COUNTER, {"name": "hits", "n": 0}))

        def work(own: Store) -> None:
            for _ in range(20):
                increment(own, "hits")

        run_together([lambda: work(store), lambda: work(second)] * 2)
        assert read(store, COUNTER, "hits").doc["n"] == 80
        second.close()

    def test_a_killed_writer_leaves_nothing_behind(
        self, store: Store, second: Store, open_store: OpenStore
    ) -> None:
        second.close()
        for attempt in range(3):
            store.purge(COUNTER, ())
            self._kill_a_writer(store, open_store, 0.003 * attempt)
            found = numbers(store)
            assert len(found) == len(PARTS), f"a batch was written in part: {found}"
            assert len(set(found)) == 1, f"a batch was written in part: {found}"
            store.apply(*(Put(COUNTER, {"name": name, "n": 0}, ANY) for name in PARTS))
            assert numbers(store) == [0] * len(PARTS)

    def _kill_a_writer(self, store: Store, open_store: OpenStore, pause: float) -> None:
        # Spawned, not forked: the child must not inherit this process's threads and connections.
        process = multiprocessing.get_context("spawn").Process(
            target=write_forever, args=(open_store,)
        )
        process.start()
        try:
            give_up = time.monotonic() + 60
            while max(numbers(store), default=0) < 10:
                assert process.is_alive(), "the writer ended before it was killed"
                assert time.monotonic() < give_up, "the writer wrote nothing in 60 s"
                time.sleep(0.01)
            time.sleep(pause)
        finally:
            process.kill()
            process.join()
            process.close()
