"""The database: its schema, what an operator finds in it, how it grows, and the replica."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import (
    ANY,
    BadRequest,
    Conflict,
    Index,
    Kind,
    Put,
    Settings,
    Store,
    Unavailable,
)
from tests.servers.postgres import Postgres

THING = Kind(
    "thing",
    key=("tenant", "order"),
    indexes={"id": Index(("id",), unique=True), "version": Index(("tenant", "version"))},
    integers=frozenset({"version"}),
)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = open_postgresql(postgres_url, Settings())
    store.setup([THING])
    yield store
    store.close()


@pytest.fixture
def query(postgres: Postgres, postgres_url: str) -> Callable[[str], list[tuple[Any, ...]]]:
    """A function that an operator's psql would be: it runs SQL in the schema of the test."""
    schema = postgres_url.partition("schema=")[2]

    def run(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres.url, options=f"-c search_path={schema}") as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    return run


def doc(order: str, **fields: object) -> dict[str, object]:
    return {"tenant": "t", "order": order, **fields}


def test_an_operator_reads_records_with_sql(
    store: Store, query: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    store.apply(Put(THING, doc("é\1", version=7, more={"a": 1})))
    sql = """SELECT tenant, "order", version_, id, body::json #>> '{more,a}' FROM thing"""
    assert query(sql) == [("t", "é\1\2", 7, None, "1")]


def test_text_columns_are_ordered_by_code_point_whatever_the_databases_locale(
    store: Store, query: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    sql = """SELECT DISTINCT collation_name FROM information_schema.columns
             WHERE table_name = 'thing' AND table_schema = current_schema()
             AND column_name IN ('tenant', 'order', 'id')"""
    assert query(sql) == [("C",)]


def test_two_schemas_of_one_database_are_two_stores(store: Store, postgres_url: str) -> None:
    other = open_postgresql(f"{postgres_url}_2", Settings())
    other.setup([THING])
    store.apply(Put(THING, doc("1")))
    assert other.count(THING) == 0
    other.close()


def test_a_key_too_long_for_an_index_is_a_bad_request(store: Store) -> None:
    name = "".join(chr(0x4E00 + at * 37 % 20000) for at in range(3000))
    with pytest.raises(BadRequest, match="too large"):
        store.apply(Put(THING, doc(name)))
    assert store.count(THING) == 0


def test_a_store_that_was_not_set_up_says_so(postgres_url: str) -> None:
    store = open_postgresql(postgres_url, Settings())
    with pytest.raises(Unavailable, match="not set up"):
        store.get(THING, ("t", "1"))
    with pytest.raises(Unavailable, match="not set up"):
        store.apply(Put(THING, doc("1")))
    store.close()


def test_a_new_column_is_filled_and_versions_are_kept(store: Store) -> None:
    store.apply(*(Put(THING, doc(f"n{at:04}", size=at % 7, odd="\0")) for at in range(700)))
    before = store.get(THING, ("t", "n0001"))
    indexes = {**THING.indexes, "size": Index(("tenant", "size")), "odd": Index(("odd",))}
    new = Kind("thing", THING.key, indexes, frozenset({"size", "version"}))
    store.setup([new])
    assert store.count(new, ("t", 3), index="size") == len(range(3, 700, 7))
    assert store.count(new, ("\0",), index="odd") == 700
    assert store.get(new, ("t", "n0001")) == before


def test_an_index_that_was_dropped_stops_refusing(store: Store) -> None:
    store.apply(Put(THING, doc("a", id="1")))
    with pytest.raises(Conflict):
        store.apply(Put(THING, doc("b", id="1")))
    new = Kind("thing", THING.key)
    store.setup([new])
    store.apply(Put(new, doc("b", id="1")))


def test_a_unique_index_that_the_records_break_is_not_made_and_nothing_changes(
    store: Store,
) -> None:
    store.apply(Put(THING, doc("a", mail="x")), Put(THING, doc("b", mail="x")))
    new = Kind("thing", THING.key, {"mail": Index(("mail",), unique=True)})
    with pytest.raises(Unavailable, match="mail"):
        store.setup([Kind("other", ("name",)), new])
    with pytest.raises(Unavailable, match="not set up"):
        store.count(Kind("other", ("name",)))
    assert store.count(THING) == 2


def test_another_key_is_refused_with_both_keys(store: Store) -> None:
    with pytest.raises(BadRequest, match="table thing has the key"):
        store.setup([Kind("thing", ("name",))])


def test_setting_up_again_changes_no_layout(
    store: Store, query: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    sql = "SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace ORDER BY 1"
    before = query(sql)
    store.setup([THING])
    assert query(sql) == before


@pytest.fixture
def replicated(store: Store, postgres_url: str) -> Iterator[Store]:
    """A store whose replica is another schema, so that it shows who answered."""
    replica = open_postgresql(f"{postgres_url}_2", Settings())
    replica.setup([THING])
    replica.apply(Put(THING, doc("old", id="1")))
    replica.close()
    url = f"{postgres_url}_2".replace("?", "%3F").replace("=", "%3D")
    both = open_postgresql(f"{postgres_url}&replica={url}", Settings())
    both.apply(Put(THING, doc("new", id="1")))
    yield both
    both.close()


def orders(store: Store) -> list[str]:
    return [record.doc["order"] for record in store.page(THING, ("t",)).records]


def test_only_reads_that_tolerate_it_ask_the_replica(replicated: Store) -> None:
    assert orders(replicated) == ["new"]
    tolerant = replicated.tolerant()
    assert orders(tolerant) == ["old"]
    assert [record.doc["order"] for record in tolerant.scan(THING)] == ["old"]
    found = tolerant.find(THING, "id", ("1",)), tolerant.get(THING, ("t", "old"))
    assert [record and record.doc["order"] for record in found] == ["old", "old"]
    assert tolerant.get_many([(THING, ("t", "new"))]) == [None]
    assert tolerant.count(THING) == 1
    tolerant.ping()


def test_the_tolerant_view_writes_nothing(replicated: Store) -> None:
    tolerant = replicated.tolerant()
    attempts: list[Callable[[], object]] = [
        lambda: tolerant.apply(Put(THING, doc("x"), ANY)),
        lambda: tolerant.purge(THING, ("t",)),
        lambda: tolerant.setup([THING]),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="is read-only"):
            attempt()
    assert orders(tolerant) == ["old"]


def test_a_store_without_a_replica_tolerates_by_itself(store: Store) -> None:
    assert store.tolerant() is store


def test_the_primary_answers_while_the_replica_is_away(
    store: Store, postgres_url: str, free_port: int
) -> None:
    store.apply(Put(THING, doc("new")))
    away = f"postgresql%3A%2F%2F127.0.0.1%3A{free_port}%2Fpostgres"
    both = open_postgresql(f"{postgres_url}&replica={away}", Settings())
    assert orders(both.tolerant()) == ["new"]
    assert orders(both.tolerant()) == ["new"]
    both.close()
