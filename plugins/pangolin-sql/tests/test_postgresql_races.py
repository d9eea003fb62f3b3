"""Races that locks decide: rows that are not there, shared requirements, order, fairness."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest
from pangolin_sql.locks import locks_of
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import (
    ABSENT,
    ANY,
    Change,
    Conflict,
    Delete,
    Index,
    Kind,
    Put,
    Require,
    RequireEmpty,
    Settings,
    Store,
)
from pangolin.testing.store_contract_races import attempt, run_together

LINE = Kind("line", ("tenant", "id"), integers=frozenset({"epoch"}))
TABLE = Kind(
    "asset",
    ("tenant", "namespace", "name"),
    {
        "listed": Index(("tenant", "state", "namespace")),
        "mail": Index(("mail",)),
        "id": Index(("tenant", "id"), unique=True),
    },
)

Batch = Sequence[Change]


@pytest.fixture(params=["locks", "serializable"])
def store(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Store]:
    url = f"{postgres_url}&isolation={request.param}&pool_size=32"
    store = open_postgresql(url, Settings())
    store.setup([LINE, TABLE])
    yield store
    store.close()


def table(name: str, namespace: str = "ns", **fields: object) -> dict[str, object]:
    return {"tenant": "t", "namespace": namespace, "name": name, **fields}


def line(name: str, epoch: int = 0) -> dict[str, object]:
    return {"tenant": "t", "id": name, "epoch": epoch}


def version(store: Store, kind: Kind, *key: str) -> int:
    record = store.get(kind, key)
    assert record is not None
    return record.version


def one_wins(store: Store, *batches: Batch) -> None:
    won = run_together([partial(attempt, store, *batch) for batch in batches])
    assert won.count(True) == 1, f"{won}: one of the two must win"


def test_of_a_row_and_the_demand_that_it_is_absent_one_wins(store: Store) -> None:
    for at in range(30):
        needs_no_b: Batch = [
            Require(TABLE, ("t", "b", f"{at}"), ABSENT),
            Put(TABLE, table(f"{at}", "a")),
        ]
        needs_no_a: Batch = [
            Require(TABLE, ("t", "a", f"{at}"), ABSENT),
            Put(TABLE, table(f"{at}", "b")),
        ]
        one_wins(store, needs_no_a, needs_no_b)


@pytest.mark.parametrize(
    ("prefix", "index"), [(("t", "{}"), None), (("t", "live", "{}"), "listed"), (("{}",), "mail")]
)
def test_of_a_row_and_the_demand_that_there_is_none_one_wins(
    store: Store, prefix: tuple[str, ...], index: str | None
) -> None:
    for at in range(30):
        name = f"ns{at}"
        store.apply(Put(LINE, line(name)))
        demand = RequireEmpty(TABLE, tuple(part.format(name) for part in prefix), index)
        row = table("orders", name, state="live", mail=name)
        # The writer requires what the other deletes' opposite, so that they cannot both win.
        one_wins(
            store,
            [Put(TABLE, row), Require(LINE, ("t", f"{name} dropped"), ABSENT)],
            [demand, Put(LINE, line(f"{name} dropped"))],
        )


def test_of_a_row_that_enters_an_index_and_the_demand_that_it_is_empty_one_wins(
    store: Store,
) -> None:
    for at in range(30):
        name = f"ns{at}"
        store.apply(Put(TABLE, table("orders", name, state="dropped")))
        old = version(store, TABLE, "t", name, "orders")
        dropped = f"{name} dropped"
        live = table("orders", name, state="live")
        one_wins(
            store,
            [Put(TABLE, live, old), Require(LINE, ("t", dropped), ABSENT)],
            [RequireEmpty(TABLE, ("t", "live", name), "listed"), Put(LINE, line(dropped))],
        )


def test_one_of_eight_upserts_inserts_and_the_others_replace(store: Store) -> None:
    for at in range(10):
        jobs = [partial(store.apply, Put(LINE, line(f"{at}", n), ANY)) for n in range(8)]
        run_together(jobs)
    assert store.count(LINE, ("t",)) == 10


def test_a_deletion_is_not_lost_to_a_batch_that_swaps_unique_values(store: Store) -> None:
    for at in range(20):
        names = (f"a{at}", f"b{at}")
        store.apply(*(Put(TABLE, table(name, id=name)) for name in names))
        old = [version(store, TABLE, "t", "ns", name) for name in names]
        swap = [
            Put(TABLE, table(name, id=other), each)
            for name, other, each in zip(names, reversed(names), old, strict=True)
        ]
        drop = [Delete(TABLE, ("t", "ns", name)) for name in names]
        assert run_together([partial(attempt, store, *batch) for batch in (swap, drop)])[1]
        assert store.count(TABLE, ("t", "ns")) == 0


def test_sixteen_writers_share_a_requirement_without_conflict(store: Store) -> None:
    store.apply(Put(LINE, line("main")))
    held = version(store, LINE, "t", "main")

    def work(own: int) -> None:
        for n in range(15):
            require = Require(LINE, ("t", "main"), held)
            store.apply(require, Put(TABLE, table(f"t{own}", n=n), ANY))

    run_together([partial(work, own) for own in range(16)])
    assert [record.doc["n"] for record in store.scan(TABLE, ("t", "ns"))] == [14] * 16
    assert version(store, LINE, "t", "main") == held


def test_batches_that_overlap_in_any_order_all_finish(store: Store) -> None:
    names = [f"t{at}" for at in range(6)]
    store.apply(*(Put(TABLE, table(name, n=0)) for name in names))

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(10):
            chosen = chance.sample(names, 3)
            while not attempt(store, *(_increment(store, name) for name in chosen)):
                pass

    run_together([partial(work, seed) for seed in range(8)])
    total = sum(record.doc["n"] for record in store.scan(TABLE, ("t", "ns")))
    assert total == 8 * 10 * 3


def _increment(store: Store, name: str) -> Put:
    record = store.get(TABLE, ("t", "ns", name))
    assert record is not None
    return Put(TABLE, record.doc | {"n": record.doc["n"] + 1}, record.version)


def test_unique_values_claimed_in_opposite_order_do_not_hang(store: Store) -> None:
    for at in range(10):
        claims = {"a": ("x", "y"), "b": ("y", "x")}
        batches = [
            [Put(TABLE, table(f"{way}{n} {at}", id=f"{id_} {at}")) for n, id_ in enumerate(ids)]
            for way, ids in claims.items()
        ]
        one_wins(store, *batches)


def test_whoever_wants_a_record_alone_is_not_kept_waiting_by_those_who_share_it(
    postgres_url: str,
) -> None:
    store = open_postgresql(f"{postgres_url}&pool_size=32", Settings())
    store.setup([LINE, TABLE])
    store.apply(Put(LINE, line("main")))
    stop = threading.Event()
    waits: list[float] = []

    def commit(own: int) -> None:
        while not stop.is_set():
            store.apply(Require(LINE, ("t", "main")), Put(TABLE, table(f"t{own}"), ANY))

    def fork() -> None:
        try:
            for n in range(20):
                start = time.monotonic()
                store.apply(Put(LINE, line("main", n), ANY))
                waits.append(time.monotonic() - start)
        finally:
            stop.set()

    jobs: list[Callable[[], None]] = [partial(commit, own) for own in range(8)]
    run_together([*jobs, fork])
    assert max(waits) < 10
    store.close()


def test_locks_are_named_in_one_order_and_the_stronger_wins() -> None:
    key = ("t", "ns", "a")
    put: Change = Put(TABLE, table("a"))
    changes: list[tuple[Change, tuple[str, ...]]] = [
        (put, key),
        (Require(TABLE, key), key),
        (RequireEmpty(TABLE, ("t",)), ("t",)),
        (RequireEmpty(TABLE, ()), ()),
    ]
    found = locks_of(changes)
    assert found == locks_of(list(reversed(changes)))
    assert [alone for _, alone in found] == [True] * 3
    assert Conflict(put).change is put
