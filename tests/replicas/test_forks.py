"""Branches and tags made on both servers in the middle of a storm of commits."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import CATALOG, Connection, Tally, load, make_table
from tests.replicas.pair import Pair

pytestmark = pytest.mark.integration
APPENDERS, APPENDS, FORKS = 6, 15, 12
TABLES = ("left", "right")
Seen = dict[str, str]


def fork(pair: Pair, number: int) -> tuple[str, Seen]:
    """Make a tag or a branch on one server; return what the other one shows of it at once."""
    kind, source = ("tags", "from_ref") if number % 2 else ("branches", "from_branch")
    name = f"{kind}-{number}"
    body = {"name": name, "catalog": CATALOG, source: "main"}
    servers = pair.connections()
    maker, reader = servers if number % 4 < 2 else servers[::-1]
    made = maker.ask("POST", f"/api/v1/{kind}", body)
    assert made.status in (200, 201), made
    then = frozen(reader, name)
    for each in servers:
        each.close()
    return name, then


def frozen(root: Connection, name: str) -> Seen:
    """Return the metadata location of each table as a ref shows it."""
    found = {}
    for table in TABLES:
        answer = load(root, table, prefix=f"{CATALOG}@{name}")
        assert answer.status == 200, answer
        found[table] = answer.body["metadata-location"]
    return found


def fork_all(pair: Pair) -> dict[str, Seen]:
    with ThreadPoolExecutor(3) as pool:
        return dict(pool.map(lambda number: fork(pair, number), range(FORKS)))


def test_refs_made_during_a_storm_lose_no_commit_and_never_change(
    pair: Pair, roots: list[Connection]
) -> None:
    for table in TABLES:
        make_table(roots[0], table)
    with ThreadPoolExecutor(1) as pool:
        running: Future[Tally] = pool.submit(pair.storm, list(TABLES) * (APPENDERS // 2), APPENDS)
        made = fork_all(pair)
        seen = running.result()
    assert set(seen.statuses) <= {200, 409}, seen.statuses
    whole = {table: history(roots[0], table) for table in TABLES}
    assert sorted(whole["left"] + whole["right"]) == sorted(seen.acknowledged)
    for name, then in made.items():
        for root in roots:
            assert frozen(root, name) == then
            for table in TABLES:
                kept = history(root, table, f"{CATALOG}@{name}")
                assert kept == whole[table][: len(kept)]
