"""How many commands each operation sends."""

from collections.abc import Callable, Iterator

import pytest
from pangolin_mongodb.store import MongoStore
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from pangolin.plugin import ANY, Index, Kind, Put, Require, RequireEmpty, Store

LINE = Kind("line", ("tenant", "id"))
NAMESPACE = Kind("namespace", ("tenant", "path"))
TABLE = Kind("asset", ("tenant", "name"), {"type": Index(("tenant", "type"))})
HELD = Require(LINE, ("acme", "main"))


class Sent(CommandListener):
    """Names of the commands since the last look."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        return

    def failed(self, event: CommandFailedEvent) -> None:
        return

    def by(self, call: Callable[[], object]) -> list[str]:
        self.names.clear()
        call()
        return self.names


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def store(open_store: Callable[[], Store], sent: Sent) -> Iterator[Store]:
    made = open_store()
    assert isinstance(made, MongoStore)
    made._connections._options["event_listeners"] = [sent]
    made.setup([LINE, NAMESPACE, TABLE])
    made.apply(
        Put(LINE, {"tenant": "acme", "id": "main"}),
        Put(NAMESPACE, {"tenant": "acme", "path": "sales"}),
        Put(TABLE, {"tenant": "acme", "name": "t", "type": "table"}),
    )
    yield made
    made.close()


def test_a_read_is_one_command(store: Store, sent: Sent) -> None:
    assert sent.by(lambda: store.get(TABLE, ("acme", "t"))) == ["find"]
    assert sent.by(lambda: store.page(TABLE, ("acme",), limit=500)) == ["find"]
    assert sent.by(lambda: store.find(TABLE, "type", ("acme", "table"))) == ["find"]
    assert sent.by(lambda: store.count(TABLE, ("acme",))) == ["aggregate"]


def test_records_of_several_kinds_are_read_by_one_command(store: Store, sent: Sent) -> None:
    wanted = [(LINE, HELD.key), (TABLE, ("acme", "t")), (NAMESPACE, ("acme", "sales"))]
    assert sent.by(lambda: store.get_many(wanted)) == ["aggregate"]
    assert all(store.get_many(wanted))
    assert sent.by(lambda: store.get_many([])) == []


def test_a_lone_write_at_a_version_is_one_command(store: Store, sent: Sent) -> None:
    found = store.get(TABLE, ("acme", "t"))
    assert found is not None
    put = Put(TABLE, found.doc | {"note": "new"}, found.version)
    assert sent.by(lambda: store.apply(put)) == ["update"]


def test_a_batch_is_a_read_of_each_collection_a_write_and_a_commit(
    store: Store, sent: Sent
) -> None:
    commit = Put(TABLE, {"tenant": "acme", "name": "t", "type": "table", "at": 1}, ANY)
    end = ["bulkWrite", "commitTransaction"]
    # The line, the table and what others announced.
    assert sent.by(lambda: store.apply(HELD, commit)) == ["find"] * 3 + end
    create = Put(TABLE, {"tenant": "acme", "name": "new", "type": "table"})
    empty = RequireEmpty(NAMESPACE, ("acme", "none"))
    assert sent.by(lambda: store.apply(HELD, empty, create)) == ["find"] * 4 + end


def test_many_records_of_a_batch_are_read_by_one_command(store: Store, sent: Sent) -> None:
    for value in range(2):
        puts = [
            Put(TABLE, {"tenant": "acme", "name": f"n{n}", "type": "t", "at": value}, ANY)
            for n in range(300)
        ]
        names = sent.by(lambda puts=puts: store.apply(*puts))
        assert names == ["find"] * 2 + ["bulkWrite", "commitTransaction"]
