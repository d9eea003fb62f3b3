"""What excludes what: two open transactions, step by step, and how often commits meet."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from pangolin_mongodb import transactions
from pangolin_mongodb.batch import Batch
from pangolin_mongodb.connection import MAJORITY, SNAPSHOT, Connection
from pangolin_mongodb.markers import COLLECTION, MARKERS, announce, wanted_record
from pangolin_mongodb.steps import prepare
from pangolin_mongodb.store import MongoStore
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

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
    Store,
)

LINE = Kind("line", ("tenant", "id"))
NAMESPACE = Kind("namespace", ("tenant", "path"))
LISTED = {"listed": Index(("tenant", "type", "namespace"))}
TABLE = Kind("asset", ("tenant", "namespace", "name"), LISTED)
USER = Kind("user", ("id",), {"username": Index(("home", "username"), unique=True)})
KINDS = (LINE, NAMESPACE, TABLE, USER)
HELD = Require(LINE, ("acme", "main"))


def table(name: str, **fields: Any) -> dict[str, Any]:
    return {"tenant": "acme", "namespace": "sales", "name": name, "type": "table", **fields}


def commit(name: str) -> list[Change]:
    return [HELD, Put(TABLE, table(name, at="new"), ANY)]


FORK: list[Change] = [Put(LINE, {"tenant": "acme", "id": "main", "epoch": 1}, ANY)]
CREATE: list[Change] = [Put(TABLE, table("fresh"), ABSENT)]
EMPTY = [
    RequireEmpty(TABLE, ("acme", "sales", "fresh")),
    Put(NAMESPACE, {"tenant": "acme", "path": "x"}),
]


class Two:
    """Runs batches as open transactions, so that a test decides who is first."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def begin(self, changes: Sequence[Change]) -> ClientSession:
        """Judge and write, and leave the transaction open."""
        session = self.connection.client.start_session(causal_consistency=False)
        session.start_transaction(SNAPSHOT, MAJORITY)
        Batch(prepare(changes), self.connection).run(session)
        return session

    def exclude(self, first: Sequence[Change], second: Sequence[Change]) -> bool:
        """Return whether the second cannot continue while the first is open."""
        session = self.begin(first)
        try:
            other = self.begin(second)
        except PyMongoError as error:
            assert error.has_error_label("TransientTransactionError") or "WriteConflict" in str(
                error
            )
            return True
        finally:
            session.abort_transaction()
            session.end_session()
        other.abort_transaction()
        other.end_session()
        return False


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Iterator[MongoStore]:
    made = open_store()
    assert isinstance(made, MongoStore)
    made.setup(KINDS)
    made.apply(Put(LINE, {"tenant": "acme", "id": "main", "epoch": 0}))
    made.apply(*(Put(TABLE, table(f"t{at}")) for at in range(8)))
    yield made
    made.close()


@pytest.fixture
def two(store: MongoStore) -> Two:
    return Two(store._connections.here())


@pytest.fixture
def shared(two: Two) -> Two:
    """As `two`, after commits have met: the line is shared."""
    batch = Batch(prepare(commit("t0")), two.connection)
    transactions.run(two.connection, batch.run, lambda: None)
    transactions.run_once(two.connection, batch.share, 1e12)
    assert two.connection.database.line.find_one({})["shared"] == MARKERS  # type: ignore[index]
    return two


def test_commits_to_different_tables_of_a_shared_line_go_on_side_by_side(shared: Two) -> None:
    assert not shared.exclude(commit("t1"), commit("t2"))


def test_many_commits_of_one_process_never_touch_one_marker(shared: Two) -> None:
    sessions = [shared.begin(commit(f"t{at}")) for at in range(8)]
    for session in sessions:
        session.commit_transaction()
        session.end_session()


@pytest.mark.parametrize("state", ["two", "shared"])
def test_a_fork_and_a_commit_exclude_each_other(state: str, request: pytest.FixtureRequest) -> None:
    two: Two = request.getfixturevalue(state)
    assert two.exclude(FORK, commit("t1"))
    assert two.exclude(commit("t1"), FORK)


@pytest.mark.parametrize("state", ["two", "shared"])
def test_a_delete_of_what_is_required_excludes_a_commit(
    state: str, request: pytest.FixtureRequest
) -> None:
    two: Two = request.getfixturevalue(state)
    drop: list[Change] = [
        Delete(LINE, ("acme", "main")),
        Put(NAMESPACE, {"tenant": "a", "path": "x"}),
    ]
    assert two.exclude(drop, commit("t1"))
    assert two.exclude(commit("t1"), drop)


def test_sharing_a_line_and_a_fork_exclude_each_other(two: Two) -> None:
    batch = Batch(prepare(commit("t0")), two.connection)
    transactions.run(two.connection, batch.run, lambda: None)
    session = two.begin(FORK)
    with pytest.raises(transactions.Collision):
        transactions.run_once(two.connection, batch.share, 1e12)
    session.abort_transaction()
    session.end_session()


def test_an_insert_and_a_required_absence_exclude_each_other(two: Two) -> None:
    assert two.exclude(CREATE, EMPTY)
    assert two.exclude(EMPTY, CREATE)


@pytest.mark.parametrize(
    "absence",
    [
        RequireEmpty(TABLE, ()),
        RequireEmpty(TABLE, ("acme", "view"), "listed"),
        Require(TABLE, ("acme", "sales", "fresh"), ABSENT),
    ],
    ids=["whole kind", "index", "one key"],
)
def test_whatever_absence_is_required_an_insert_waits(two: Two, absence: Change) -> None:
    for at in range(8):
        two.connection.database.asset.delete_one({"name": f"t{at}"})
    assert two.exclude([absence], CREATE)
    assert two.exclude(CREATE, [absence])


def test_a_record_that_moves_within_an_index_excludes_a_required_absence(two: Two) -> None:
    move: list[Change] = [Put(TABLE, table("t1", type="view"), ANY)]
    empty: list[Change] = [RequireEmpty(TABLE, ("acme", "view"), "listed")]
    assert two.exclude(move, empty)
    assert two.exclude(empty, move)


def test_a_commit_to_an_existing_table_passes_no_gate(two: Two) -> None:
    assert not two.exclude([Put(TABLE, table("t1", at="new"), ANY)], EMPTY)


def test_an_index_that_the_key_does_not_lead_is_held_empty_too(two: Two) -> None:
    empty: list[Change] = [RequireEmpty(USER, ("acme", "ann"), "username")]
    insert: list[Change] = [Put(USER, {"id": "1", "home": "acme", "username": "ann"})]
    assert two.exclude(empty, insert)
    assert two.exclude(insert, empty)


def test_markers_go_with_their_record(shared: Two, store: MongoStore) -> None:
    database = shared.connection.database
    held = f"^{store.get(LINE, HELD.key) and database.line.find_one({})['_id'].hex()} "  # type: ignore[index]
    assert database[COLLECTION].count_documents({"_id": {"$regex": held}}) == MARKERS
    store.apply(Delete(LINE, HELD.key))
    assert database[COLLECTION].count_documents({"_id": {"$regex": held}}) == 0


def test_a_purge_takes_shared_records_and_their_markers(shared: Two, store: MongoStore) -> None:
    store.apply(*(Put(LINE, {"tenant": "acme", "id": f"l{at}"}) for at in range(5)))
    assert store.purge(LINE, ("acme",), batch=2) == 6
    gate = {"_id": {"$not": {"$regex": "^(line|asset|namespace|user) "}}}
    assert shared.connection.database[COLLECTION].count_documents(gate) == 0


@pytest.fixture
def collisions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each transaction that has to be run again."""
    met: list[int] = []
    usual = transactions.run_once

    def counted(*arguments: Any) -> None:
        try:
            usual(*arguments)
        except transactions.Collision:
            met.append(1)
            raise

    monkeypatch.setattr(transactions, "run_once", counted)
    return met


def test_commits_to_eight_tables_of_one_line_do_not_collide(
    shared: Two, store: MongoStore, collisions: list[int]
) -> None:
    def work(name: str) -> None:
        for _ in range(20):
            store.apply(*commit(name))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [f"t{at}" for at in range(8)]))
    assert sum(collisions) == 0


def test_a_line_is_shared_once_commits_meet_on_it(
    two: Two, store: MongoStore, collisions: list[int]
) -> None:
    def work(name: str) -> None:
        for _ in range(20):
            store.apply(*commit(name))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [f"t{at}" for at in range(8)]))
    line = two.connection.database.line.find_one({})
    assert line is not None
    assert line["shared"] == MARKERS
    assert sum(collisions) < 80, "160 commits collide at the start only"


class Storm:
    """Four writers on a line, each counting its commits per epoch in its own table."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.frozen: dict[int, list[dict[int, int]]] = {}
        self.ended = threading.Event()

    def counts(self, before: int) -> list[dict[int, int]]:
        """Read the commits of each table at epochs before one."""
        found = self.store.get_many([(TABLE, ("acme", "sales", f"t{at}")) for at in range(4)])
        docs = (record.doc.get("commits", {}) for record in found if record)
        return [{int(e): n for e, n in doc.items() if n and int(e) < before} for doc in docs]

    def fork(self) -> None:
        try:
            for epoch in range(1, 15):
                self.store.apply(Put(LINE, {"tenant": "acme", "id": "main", "epoch": epoch}, ANY))
                self.frozen[epoch] = self.counts(epoch)
        finally:
            self.ended.set()

    def write(self, name: str) -> None:
        commits: dict[str, int] = {}
        while not self.ended.is_set():
            found = self.store.get(LINE, HELD.key)
            assert found is not None
            epoch = str(found.doc["epoch"])
            commits[epoch] = commits.get(epoch, 0) + 1
            put = Put(TABLE, table(name, commits=commits), ANY)
            try:
                self.store.apply(Require(LINE, HELD.key, found.version), put)
            except Conflict:
                commits[epoch] -= 1

    def run(self) -> None:
        with ThreadPoolExecutor(5) as pool:
            jobs = [pool.submit(partial(self.write, f"t{at}")) for at in range(4)]
            for job in [pool.submit(self.fork), *jobs]:
                job.result()


def test_what_a_fork_froze_never_changes(store: MongoStore) -> None:
    storm = Storm(store)
    storm.run()
    assert any(storm.counts(100))
    assert storm.frozen == {epoch: storm.counts(epoch) for epoch in storm.frozen}


def test_a_fork_gets_through_a_storm_of_commits(
    shared: Two, store: MongoStore, collisions: list[int]
) -> None:
    storm = Storm(store)
    start = time.monotonic()
    storm.run()
    # Without announcements each of the 14 forks loses about a hundred races.
    assert time.monotonic() - start < 30
    assert (
        shared.connection.database[COLLECTION].count_documents({"_id": {"$regex": "wanted"}}) == 0
    )


def test_an_announcement_of_a_batch_that_is_gone_is_not_waited_for_long(
    shared: Two, store: MongoStore
) -> None:
    found = shared.connection.database.line.find_one({})
    assert found is not None
    announce(shared.connection, [wanted_record(found["_id"])])
    start = time.monotonic()
    store.apply(*commit("t1"))
    assert 0.9 < time.monotonic() - start < 5
    start = time.monotonic()
    store.apply(*commit("t1"))
    assert time.monotonic() - start < 0.9
