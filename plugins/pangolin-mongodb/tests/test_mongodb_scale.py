"""List, load, fork and commit ask for nothing that grows with the catalog.

What they send is captured. A read names its records by `_id`, or it is one range of a declared
index in that index's order and has a limit, so that a server need examine no more than it returns.
Whether the planner agrees is asked where a variable names a real server: what SecantusDB examines
is known to be more (see docs/reference/backends.md), and its `explain` does not tell.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from pangolin_mongodb.layout import Wanted, wanted_indexes
from pangolin_mongodb.store import MongoStore
from pymongo import MongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from benchmarks.scale import PAGE, calls, fill, settings_of
from pangolin.app import build_server
from pangolin.services.context.context import system_context
from pangolin.store.kinds import ALL
from tests.servers.mongodb import VARIABLE
from tests.servers.stores import Database

INDEXES = {kind.name: wanted_indexes(kind) for kind in ALL}
RANGES = {"$gt", "$gte", "$lt", "$lte"}
SMALL, LARGE = (150, 2), (1_000, 40)
# The most records that a load, a fork or a commit names, markers and announcements included.
FEW = 20


@dataclass(frozen=True, slots=True)
class Captured:
    """The commands of each operation, and the database that they went to."""

    url: str
    sent: dict[str, list[CommandStartedEvent]]

    @property
    def all(self) -> list[CommandStartedEvent]:
        """The commands of all operations."""
        return [event for events in self.sent.values() for event in events]


@dataclass(frozen=True, slots=True)
class Read:
    """A query, or the condition of a write."""

    collection: str
    filter: Mapping[str, Any]
    sort: Mapping[str, int]
    limit: int = 0


class Sent(CommandListener):
    """The commands since the last look."""

    def __init__(self) -> None:
        self.events: list[CommandStartedEvent] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.events.append(event)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        return

    def failed(self, event: CommandFailedEvent) -> None:
        return


@pytest.fixture(scope="module")
def small(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Captured]:
    """What each operation sends when there is little."""
    yield from capture(mongodb_url, tmp_path_factory.mktemp("small"), *SMALL)


@pytest.fixture(scope="module")
def large(mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Captured]:
    """What each operation sends when there is more; the catalog is there meanwhile."""
    yield from capture(mongodb_url, tmp_path_factory.mktemp("large"), *LARGE)


def capture(server: str, directory: Path, tables: int, branches: int) -> Iterator[Captured]:
    url = Database("mongodb", server, None).new_url()
    settings = settings_of(url, str(directory))
    catalog = fill(settings, tables, branches)
    runtime, sent = build_server(settings).runtime, Sent()
    assert isinstance(runtime.store, MongoStore)
    runtime.store._connections._options["event_listeners"] = [sent]
    found: dict[str, list[CommandStartedEvent]] = {}
    for name, call in calls(system_context(runtime), catalog, tables):
        # The first call learns what the others know.
        call(0)
        sent.events = found[name] = []
        call(1)
        sent.events = []
    yield Captured(url, found)
    runtime.store.close()
    with MongoClient[dict[str, Any]](url) as client:
        client.drop_database(client.get_default_database().name)


def reads(event: CommandStartedEvent) -> Iterator[Read]:
    """List what a command looks for."""
    command, name = event.command, event.command_name
    if name == "find":
        sort, limit = command.get("sort", {}), command.get("limit", 0)
        yield Read(command["find"], command["filter"], sort, limit)
    elif name == "aggregate":
        yield from parts(command["aggregate"], command["pipeline"])
    elif name == "bulkWrite":
        spaces = [space["ns"].partition(".")[2] for space in command["nsInfo"]]
        for op in command["ops"]:
            if "filter" in op:
                yield Read(spaces[next(iter(op.values()))], op["filter"], {})
    else:
        assert name == "commitTransaction"


def parts(collection: str, pipeline: list[dict[str, Any]]) -> Iterator[Read]:
    first, *rest = pipeline
    yield Read(collection, first["$match"], {})
    for stage in rest:
        if union := stage.get("$unionWith"):
            yield from parts(union["coll"], union["pipeline"])
        else:
            assert list(stage) == ["$project"]


def most_examined(read: Read) -> int:
    """Bound how many documents a server must look at; fail if nothing does."""
    if ids := read.filter.get("_id"):
        return len(ids["$in"]) if isinstance(ids, dict) else 1
    assert read.limit, f"no limit: {read}"
    assert any(serves(index, read) for index in INDEXES[read.collection]), f"no index: {read}"
    return read.limit


def serves(index: Wanted, read: Read) -> bool:
    """Return whether a read is one range of an index, in its order."""
    names = [name for name, _ in index.fields]
    equal = list(takewhile(lambda name: is_value(read.filter.get(name)), names))
    after = names[len(equal) :]
    ranged = [name for name in after[:1] if is_range(read.filter.get(name))]
    if set(read.filter) != {*equal, *ranged} or not set(index.condition or ()) <= set(read.filter):
        return False
    order = {name: way for name, way in read.sort.items() if name not in equal}
    return list(order) == after[: len(order)] and len(set(order.values())) <= 1


def is_value(condition: Any) -> bool:
    return condition is not None and not isinstance(condition, dict)


def is_range(condition: Any) -> bool:
    return isinstance(condition, dict) and set(condition) <= RANGES


def shape(event: CommandStartedEvent) -> tuple[Any, ...]:
    """Describe a command without its values."""
    described = [(r.collection, list(r.filter), dict(r.sort), r.limit) for r in reads(event)]
    return event.command_name, described


def explained(url: str, read: Read) -> tuple[int, int]:
    """Ask the planner how many keys and documents it looked at."""
    find = {"find": read.collection, "filter": read.filter, "limit": read.limit}
    with MongoClient[dict[str, Any]](url) as client:
        database = client.get_default_database()
        command = {**find, "sort": read.sort} if read.sort else find
        stats = database.command("explain", command, verbosity="executionStats")["executionStats"]
    return stats["totalKeysExamined"], stats["totalDocsExamined"]


def test_what_is_sent_does_not_depend_on_the_size(small: Captured, large: Captured) -> None:
    for name, events in large.sent.items():
        assert [*map(shape, events)] == [*map(shape, small.sent[name])], name


@pytest.mark.parametrize(
    ("name", "most"), [("list", PAGE + FEW), ("load", FEW), ("fork", FEW), ("commit", FEW)]
)
def test_no_more_is_examined_than_named(large: Captured, name: str, most: int) -> None:
    found = [read for event in large.sent[name] for read in reads(event)]
    assert found
    assert sum(map(most_examined, found)) <= most


def test_the_planner_of_a_real_server_examines_no_more(large: Captured) -> None:
    for read in (read for event in large.all for read in reads(event)):
        keys, documents = explained(large.url, read)
        most = most_examined(read)
        # Each range ends at a key that is not in it.
        assert not os.environ.get(VARIABLE) or (keys <= 2 * most and documents <= most), read


def test_a_transaction_holds_nothing_that_mongodb_refuses_there(large: Captured) -> None:
    inside = [event for event in large.all if event.command.get("autocommit") is False]
    names = {event.command_name for event in inside}
    assert names == {"find", "bulkWrite", "commitTransaction"}


def test_a_read_that_no_index_serves_is_noticed() -> None:
    tenant = {"tenant": "acme", "catalog": "c", "line": "l"}
    served = Read("asset", {**tenant, "namespace": "n", "name": {"$gt": "x"}}, {"name": 1}, 10)
    assert most_examined(served) == 10
    unsorted = Read("asset", {**tenant, "namespace": {"$gt": "n"}}, {"name": 1}, 10)
    gap = Read("asset", {"tenant": "acme", "line": "l"}, {}, 10)
    for read in (unsorted, gap, Read("asset", tenant, {})):
        with pytest.raises(AssertionError, match=r"no index|no limit"):
            most_examined(read)
