"""Faults: what is retried, what is known not to have happened, and what is not known."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import (
    ABSENT,
    ANY,
    Conflict,
    Kind,
    OutcomeUnknown,
    Put,
    Require,
    Settings,
    Store,
    Unavailable,
)
from tests.servers.postgres import Postgres, start_postgres
from tests.servers.proxy import CuttingProxy

COUNTER = Kind("counter", ("name",))
# As the protocol writes it: "READ COMMITTED" does not end so.
COMMIT = b"COMMIT\0"
LOCKED = f"LOCK TABLE {COUNTER.name} IN ACCESS EXCLUSIVE MODE"
OpenUrl = Callable[..., Store]


@pytest.fixture
def opened(postgres_url: str) -> Iterator[OpenUrl]:
    """A function that opens a store that is set up; words are added to the URL."""
    stores: list[Store] = []

    def open_one(more: str = "", port: int = 0) -> Store:
        start, rest = postgres_url.split("@127.0.0.1:")
        url = f"{start}@127.0.0.1:{port}/{rest.split('/')[1]}" if port else postgres_url
        store = open_postgresql(url + more, Settings())
        stores.append(store)
        return store

    open_one().setup([COUNTER])
    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def operator(postgres: Postgres) -> Iterator["psycopg.Connection[object]"]:
    """A connection that watches and ends others; it must not be in a transaction to see them."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def blocker(postgres: Postgres, postgres_url: str) -> Iterator["psycopg.Connection[object]"]:
    """A connection in a transaction that others may have to wait for."""
    schema = postgres_url.partition("schema=")[2]
    with psycopg.connect(postgres.url, options=f"-c search_path={schema}") as connection:
        yield connection


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(postgres.port)
    yield proxy
    proxy.close()


def hit(n: int) -> Put:
    return Put(COUNTER, {"name": "hits", "n": n}, ANY)


def hits(store: Store) -> int | None:
    record = store.get(COUNTER, ("hits",))
    return int(record.doc["n"]) if record else None


def terminate(operator: "psycopg.Connection[object]", state: str) -> int:
    # Waits until they are gone: a read that is tried again may at once look as before.
    sql = """SELECT count(pg_terminate_backend(pid, 20000)) FROM pg_stat_activity
             WHERE application_name = 'pangolin' AND state = %s"""
    row = operator.execute(sql, (state,)).fetchone()
    assert isinstance(row, tuple)
    return int(row[0])


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_connection_that_ended_while_idle_is_replaced_unnoticed(
    opened: OpenUrl, operator: "psycopg.Connection[object]"
) -> None:
    store = opened()
    for n in range(3):
        store.apply(hit(n))
        assert terminate(operator, "idle") >= 1
        assert hits(store) == n
        assert terminate(operator, "idle") >= 1


def test_a_read_whose_connection_dies_is_answered_by_another(
    opened: OpenUrl, operator: "psycopg.Connection[object]", blocker: "psycopg.Connection[object]"
) -> None:
    store = opened()
    store.apply(hit(7))
    blocker.execute(LOCKED)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(hits, store)
        wait_until(lambda: _waiting(operator) == 1)
        assert terminate(operator, "active") == 1
        blocker.commit()
        assert reading.result() == 7


def test_a_batch_whose_connection_dies_before_its_commit_was_not_applied(
    opened: OpenUrl, operator: "psycopg.Connection[object]", blocker: "psycopg.Connection[object]"
) -> None:
    store = opened()
    store.apply(hit(1))
    # The read of the batch passes; its write waits, and dies.
    blocker.execute("SELECT FROM counter FOR UPDATE")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.apply, hit(2))
        wait_until(lambda: _waiting(operator) == 1)
        assert terminate(operator, "active") == 1
        wait_until(lambda: _waiting(operator) == 0)
        with pytest.raises(Unavailable, match="terminating connection"):
            writing.result()
    blocker.commit()
    assert hits(store) == 1
    store.apply(hit(2))
    assert hits(store) == 2


class Interrupted(Put):
    """A change that lets something happen between the reads and the writes of its batch."""

    between: Callable[[], object]

    def unmet(self, found: int | None) -> str:
        type(self).between()
        return super().unmet(found)


def test_a_batch_whose_connection_dies_while_it_is_judged_was_not_applied(
    opened: OpenUrl, operator: "psycopg.Connection[object]"
) -> None:
    store = opened()
    Interrupted.between = staticmethod(lambda: terminate(operator, "idle in transaction"))
    with pytest.raises(Unavailable, match="terminating connection"):
        store.apply(Interrupted(COUNTER, {"name": "hits", "n": 1}))
    assert hits(store) is None


def test_a_commit_that_never_arrived_is_reported_as_unknown(
    opened: OpenUrl, proxy: CuttingProxy
) -> None:
    store = opened(port=proxy.port)
    store.apply(hit(1))
    proxy.cut_at = COMMIT
    with pytest.raises(OutcomeUnknown):
        store.apply(hit(2))
    assert proxy.cuts == 1
    assert hits(store) == 1, "a batch whose outcome is unknown must not be sent again"


def test_a_commit_whose_answer_is_lost_is_reported_as_unknown_and_not_repeated(
    opened: OpenUrl, proxy: CuttingProxy
) -> None:
    store = opened(port=proxy.port)
    store.apply(hit(1))
    before = store.get(COUNTER, ("hits",))
    proxy.cut_at, proxy.deliver = COMMIT, True
    with pytest.raises(OutcomeUnknown):
        store.apply(Put(COUNTER, {"name": "hits", "n": 2}, before.version if before else ABSENT))
    assert proxy.cuts == 1
    wait_until(lambda: hits(store) == 2)


def test_a_batch_cut_before_it_wrote_anything_is_sent_again(
    opened: OpenUrl, proxy: CuttingProxy
) -> None:
    store = opened(port=proxy.port)
    store.apply(hit(1))
    proxy.cut_at = b"BEGIN"
    store.apply(hit(2))
    assert proxy.cuts == 1
    assert hits(store) == 2


def test_a_full_pool_is_unavailable_after_a_bounded_wait(
    opened: OpenUrl, operator: "psycopg.Connection[object]", blocker: "psycopg.Connection[object]"
) -> None:
    store = opened("&pool_size=2&pool_timeout=0.2")
    blocker.execute(LOCKED)
    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(hits, store) for _ in range(2)]
        wait_until(lambda: _waiting(operator) == 2)
        start = time.monotonic()
        with pytest.raises(Unavailable, match=r"none of 2 connections \(pool_size\)") as caught:
            hits(store)
        assert time.monotonic() - start < 5
        assert caught.value.headers["Retry-After"] == "1"
        blocker.commit()
        assert [each.result() for each in reading] == [None, None]
    assert hits(store) is None


def _waiting(operator: "psycopg.Connection[object]") -> int:
    sql = """SELECT count(*) FROM pg_stat_activity
             WHERE application_name = 'pangolin' AND wait_event_type = 'Lock'"""
    row = operator.execute(sql).fetchone()
    assert isinstance(row, tuple)
    return int(row[0])


def test_a_statement_that_takes_too_long_is_unavailable(
    opened: OpenUrl, blocker: "psycopg.Connection[object]"
) -> None:
    store = opened("&statement_timeout=0.2")
    blocker.execute(LOCKED)
    for attempt in (partial(hits, store), partial(store.apply, hit(1))):
        with pytest.raises(Unavailable, match="longer than statement_timeout"):
            attempt()
    blocker.commit()
    assert hits(store) is None


def test_a_read_only_database_is_unavailable_for_writes_and_read_on(
    opened: OpenUrl,
) -> None:
    opened().apply(hit(1))
    store = opened("&options=-c%20default_transaction_read_only%3Don")
    assert hits(store) == 1
    for attempt in (partial(store.apply, hit(2)), store.ping):
        with pytest.raises(Unavailable, match="read-only or a standby"):
            attempt()
    assert hits(store) == 1


def test_a_server_with_too_many_connections_is_unavailable_and_says_so(
    opened: OpenUrl, operator: "psycopg.Connection[object]"
) -> None:
    operator.execute("DROP ROLE IF EXISTS limited")
    operator.execute("CREATE ROLE limited LOGIN CONNECTION LIMIT 0")
    store = opened("&user=limited")
    for attempt in (partial(hits, store), partial(store.apply, hit(1)), store.ping):
        with pytest.raises(Unavailable, match="too many connections"):
            attempt()


def test_tls_is_asked_for_as_the_url_says(opened: OpenUrl) -> None:
    with pytest.raises(Unavailable, match="server does not support SSL"):
        hits(opened("&sslmode=require"))
    assert hits(opened("&sslmode=prefer")) is None


def test_a_batch_of_thousands_of_records_is_one_batch(opened: OpenUrl) -> None:
    store = opened()
    docs = [{"name": f"n{at}", "text": "x" * 1000} for at in range(3000)]
    store.apply(*(Put(COUNTER, doc) for doc in docs))
    with pytest.raises(Conflict):
        store.apply(*(Put(COUNTER, doc, ANY) for doc in docs), Put(COUNTER, {"name": "x"}, 1))
    assert store.count(COUNTER) == 3000
    assert store.purge(COUNTER, ()) == 3000


def test_an_error_leaves_the_connection_fit_for_the_next(opened: OpenUrl) -> None:
    store = opened("&pool_size=1")
    store.apply(hit(1))
    for _ in range(5):
        with pytest.raises(Conflict):
            store.apply(Put(COUNTER, {"name": "hits"}))
        with pytest.raises(Conflict):
            store.apply(Require(COUNTER, ("none",)), hit(3))
        store.apply(hit(2))
    assert hits(store) == 2


def test_a_killed_server_is_used_again_when_it_is_back() -> None:
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        Path(name).chmod(0o755)
        server = start_postgres(Path(name) / "server")
        store = open_postgresql(server.url, Settings())
        store.setup([COUNTER])
        store.apply(hit(1))
        server.kill9()
        with pytest.raises(Unavailable):
            hits(store)
        with pytest.raises(Unavailable):
            store.apply(hit(2))
        server.start()
        assert hits(store) == 1
        store.apply(hit(3))
        assert hits(store) == 3
        store.close()
        server.stop()
