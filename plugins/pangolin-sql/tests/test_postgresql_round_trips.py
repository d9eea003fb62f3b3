"""How often each operation waits for PostgreSQL, counted on the wire."""

from collections.abc import Callable, Iterator

import pytest
from pangolin_sql.postgresql import open_postgresql

from pangolin.plugin import ANY, Index, Kind, Put, Require, RequireEmpty, Settings, Store
from tests.servers.postgres import Postgres
from tests.servers.proxy import CuttingProxy

LINE = Kind("line", ("tenant", "id"))
NAMESPACE = Kind("namespace", ("tenant", "path"))
TABLE = Kind("asset", ("tenant", "name"), {"type": Index(("tenant", "type"))})
HELD = Require(LINE, ("acme", "main"))
# Statements are prepared when they come again, and connections are opened on first use.
WARM = 3


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(postgres.port)
    yield proxy
    proxy.close()


@pytest.fixture
def store(postgres_url: str, proxy: CuttingProxy) -> Iterator[Store]:
    start, rest = postgres_url.split("@127.0.0.1:")
    made = open_postgresql(f"{start}@127.0.0.1:{proxy.port}/{rest.split('/')[1]}", Settings())
    made.setup([LINE, NAMESPACE, TABLE])
    made.apply(
        Put(LINE, {"tenant": "acme", "id": "main"}),
        Put(NAMESPACE, {"tenant": "acme", "path": "sales"}),
        Put(TABLE, {"tenant": "acme", "name": "t", "type": "table"}),
    )
    yield made
    made.close()


def turns(proxy: CuttingProxy, call: Callable[[], object]) -> int:
    for _ in range(WARM):
        call()
    before = proxy.turns
    call()
    return proxy.turns - before


def test_a_read_is_one_round_trip(store: Store, proxy: CuttingProxy) -> None:
    assert turns(proxy, lambda: store.get(TABLE, ("acme", "t"))) == 1
    assert turns(proxy, lambda: store.page(TABLE, ("acme",), limit=500)) == 1
    assert turns(proxy, lambda: store.find(TABLE, "type", ("acme", "table"))) == 1


def test_records_of_several_kinds_are_read_in_one_round_trip(
    store: Store, proxy: CuttingProxy
) -> None:
    wanted = [(LINE, HELD.key), (TABLE, ("acme", "t")), (NAMESPACE, ("acme", "sales"))]
    assert turns(proxy, lambda: store.get_many(wanted)) == 1
    assert all(store.get_many(wanted))


def test_a_batch_is_two_round_trips(store: Store, proxy: CuttingProxy) -> None:
    put = Put(TABLE, {"tenant": "acme", "name": "t", "type": "table", "at": 1}, ANY)
    empty = RequireEmpty(NAMESPACE, ("acme", "none"))
    assert turns(proxy, lambda: store.apply(HELD, put)) == 2
    assert turns(proxy, lambda: store.apply(HELD, empty, put)) == 2
