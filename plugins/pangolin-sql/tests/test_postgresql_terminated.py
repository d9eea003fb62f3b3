"""Connections that end around COMMIT, and what is then said of the batch."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pangolin_sql.pipeline import Failed, Pipeline
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import ANY, Kind, OutcomeUnknown, Put, Settings, Store
from tests.servers.postgres import SLOW, Postgres, start_postgres
from tests.servers.proxy import CuttingProxy

COUNTER = Kind("counter", ("name",))
COMMIT = b"COMMIT\0"
TERMINATE = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE application_name = 'pangolin' AND state = 'active' AND query = 'COMMIT'"""


@pytest.fixture(scope="module")
def slow() -> Iterator[Postgres]:
    """A server that takes its time to commit."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        Path(name).chmod(0o755)
        server = start_postgres(Path(name) / "server", SLOW)
        yield server
        server.stop()


@pytest.fixture
def store(slow: Postgres) -> Iterator[Store]:
    made = open_postgresql(slow.url, Settings())
    made.setup([COUNTER])
    yield made
    made.close()


def hit(n: int) -> Put:
    return Put(COUNTER, {"name": "hits", "n": n}, ANY)


def hits(store: Store) -> int | None:
    record = store.get(COUNTER, ("hits",))
    return int(record.doc["n"]) if record else None


def terminate_in_commit(server: Postgres) -> None:
    give_up = time.monotonic() + 10
    with psycopg.connect(server.url, autocommit=True) as operator:
        while not (operator.execute(TERMINATE).fetchone() or (0,))[0]:
            assert time.monotonic() < give_up


def test_a_commit_whose_backend_is_terminated_meanwhile_is_reported_as_unknown(
    slow: Postgres, store: Store
) -> None:
    store.apply(hit(0))
    for n in range(1, 4):
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(store.apply, hit(n))
            terminate_in_commit(slow)
            with pytest.raises(OutcomeUnknown, match="terminating connection"):
                writing.result()
        assert hits(store) == n, "the server commits before it obeys"


def test_a_commit_in_a_fast_shutdown_is_reported_as_unknown(slow: Postgres, store: Store) -> None:
    store.apply(hit(10))
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.apply, hit(11))
        wait_for_commit(slow)
        slow.stop()
        slow.start()
        with pytest.raises(OutcomeUnknown, match="terminating connection"):
            writing.result()
    assert hits(store) == 11


def wait_for_commit(server: Postgres) -> None:
    give_up = time.monotonic() + 10
    with psycopg.connect(server.url, autocommit=True) as operator:
        seen = "SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'"
        while not operator.execute(seen).fetchone():
            assert time.monotonic() < give_up


def test_a_commit_whose_answer_a_pooler_lost_is_reported_as_unknown(
    slow: Postgres, store: Store
) -> None:
    proxy = CuttingProxy(slow.port)
    pooled = open_postgresql(slow.url.replace(f":{slow.port}/", f":{proxy.port}/"), Settings())
    pooled.apply(hit(20))
    fields = b"SFATAL\0VFATAL\0C08P01\0Mserver conn crashed?\0\0"
    proxy.last_words = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields
    proxy.cut_at, proxy.deliver = COMMIT, True
    with pytest.raises(OutcomeUnknown, match="crashed"):
        pooled.apply(hit(21))
    assert proxy.cuts == 1
    assert hits(store) == 21
    pooled.close()
    proxy.close()


def test_statements_that_cannot_be_sent_fail_at_once_and_end_the_connection(
    postgres: Postgres,
) -> None:
    too_many = "SELECT " + ",".join(["%s"] * 70_000), [0] * 70_000
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        with pytest.raises(Failed, match="parameters"):
            Pipeline(connection.pgconn).run([("SELECT 1", ()), too_many])
        assert connection.closed


def test_a_pipeline_on_a_closed_connection_fails_as_any_other(postgres: Postgres) -> None:
    connection = psycopg.connect(postgres.url)
    connection.close()
    with pytest.raises(Failed):
        Pipeline(connection.pgconn).run([("SELECT 1", ())])
