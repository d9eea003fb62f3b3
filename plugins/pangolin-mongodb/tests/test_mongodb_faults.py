"""Lost connections, lost servers: what is known to be applied, known not to be, and unknown."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pangolin_mongodb.store import open_mongodb
from pymongo import MongoClient

from pangolin.plugin import (
    ANY,
    Kind,
    OutcomeUnknown,
    Put,
    Settings,
    Store,
    Unavailable,
)
from tests.servers.mongodb import MongoServer, start_mongodb

COUNTER = Kind("counter", ("name",))
Fail = Callable[..., None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A server that fails on demand, as mongod does with --setParameter enableTestCommands=1."""
    made = start_mongodb(tmp_path_factory.mktemp("faults"), "--enable-test-commands")
    yield made
    made.stop()


@pytest.fixture
def store(server: MongoServer) -> Iterator[Store]:
    # A transaction whose client gave up keeps its records for 60 s: each test has its own.
    database = f"faults_{uuid4().hex[:12]}"
    made = open_mongodb(f"{server.url}{database}", Settings(request_timeout=4.0))
    made.setup([COUNTER])
    made.apply(*counters(0))
    yield made
    made.close()


@pytest.fixture
def fail(server: MongoServer) -> Iterator[Fail]:
    """Make commands fail: `fail("commitTransaction", times=1, closeConnection=True)`."""
    with MongoClient[dict[str, Any]](server.url) as client:
        point = partial(client.admin.command, "configureFailPoint", "failCommand")

        def set_up(*commands: str, times: int = 0, **how: Any) -> None:
            mode = {"times": times} if times else "alwaysOn"
            point(mode=mode, data={"failCommands": list(commands), **how})

        yield set_up
        point(mode="off")


def counters(n: int) -> list[Put]:
    return [Put(COUNTER, {"name": name, "n": n}, ANY) for name in "ab"]


def numbers(store: Store) -> list[int]:
    return [record.doc["n"] for record in store.page(COUNTER).records]


def version(store: Store) -> int:
    record = store.get(COUNTER, ("a",))
    assert record is not None
    return record.version


def test_a_commit_whose_answer_is_lost_is_sent_again(store: Store, fail: Fail) -> None:
    fail("commitTransaction", times=1, closeConnection=True)
    store.apply(*counters(1))
    assert numbers(store) == [1, 1]


def test_a_commit_that_is_never_answered_has_an_unknown_outcome(store: Store, fail: Fail) -> None:
    fail("commitTransaction", closeConnection=True)
    with pytest.raises(OutcomeUnknown, match="whether it committed"):
        store.apply(*counters(1))


def test_a_commit_that_the_server_does_not_remember_has_an_unknown_outcome(
    store: Store, fail: Fail
) -> None:
    fail("commitTransaction", times=1, errorCode=251, errorLabels=["TransientTransactionError"])
    with pytest.raises(OutcomeUnknown, match="whether it committed"):
        store.apply(*counters(1))


def test_a_transaction_that_the_server_aborts_is_run_again(store: Store, fail: Fail) -> None:
    fail("commitTransaction", times=2, errorCode=112, errorLabels=["TransientTransactionError"])
    store.apply(*counters(1))
    assert numbers(store) == [1, 1]


def test_a_connection_lost_before_the_commit_costs_another_run(store: Store, fail: Fail) -> None:
    fail("aggregate", times=1, closeConnection=True)
    store.apply(*counters(1))
    assert numbers(store) == [1, 1]


def test_a_batch_that_never_reaches_its_commit_was_not_applied(store: Store, fail: Fail) -> None:
    fail("bulkWrite", "update", closeConnection=True)
    with pytest.raises(Unavailable):
        store.apply(*counters(1))
    assert numbers(store) == [0, 0]


def test_a_lone_write_whose_answer_is_lost_is_sent_again(store: Store, fail: Fail) -> None:
    fail("update", times=1, closeConnection=True)
    store.apply(Put(COUNTER, {"name": "a", "n": 1}, version(store)))
    assert numbers(store) == [1, 0]


def test_a_lone_write_that_is_never_answered_has_an_unknown_outcome(
    store: Store, fail: Fail
) -> None:
    put = Put(COUNTER, {"name": "a", "n": 1}, version(store))
    fail("update", closeConnection=True)
    with pytest.raises(OutcomeUnknown):
        store.apply(put)


def test_a_read_is_tried_again_and_then_unavailable(store: Store, fail: Fail) -> None:
    fail("find", times=1, closeConnection=True)
    assert numbers(store) == [0, 0]
    fail("find", closeConnection=True)
    with pytest.raises(Unavailable):
        numbers(store)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[MongoServer]:
    """A server to be killed; it writes its log before it answers, as mongod does."""
    made = start_mongodb(tmp_path, "--sync-on-commit")
    yield made
    made.stop()


def test_a_server_that_is_down_is_unavailable_in_time_and_then_used_again(
    mortal: MongoServer,
) -> None:
    store = open_mongodb(f"{mortal.url}down", Settings(request_timeout=2.0))
    store.setup([COUNTER])
    store.apply(*counters(7))
    mortal.kill9()
    start = time.monotonic()
    for call in (lambda: store.get(COUNTER, ("a",)), lambda: store.apply(*counters(8)), store.ping):
        with pytest.raises(Unavailable):
            call()
    assert time.monotonic() - start < 10
    mortal.start()
    assert numbers(store) == [7, 7]
    store.apply(*counters(9))
    assert numbers(store) == [9, 9]
    store.ping()
    store.close()


def test_nothing_that_was_acknowledged_is_lost_when_the_server_is_killed(
    mortal: MongoServer,
) -> None:
    store = open_mongodb(f"{mortal.url}killed", Settings(request_timeout=2.0))
    store.setup([COUNTER])
    for round_ in range(1, 4):
        for n in range(10):
            store.apply(*counters(100 * round_ + n))
        mortal.kill9()
        with pytest.raises((Unavailable, OutcomeUnknown)):
            store.apply(*counters(0))
        mortal.start()
        assert numbers(store) == [100 * round_ + 9] * 2
    store.close()
