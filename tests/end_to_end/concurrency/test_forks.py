"""Branches and tags made in the middle of a storm of commits."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.end_to_end.concurrency.storm import gather, history, processes, start_appends
from tests.end_to_end.concurrency.wire import CATALOG, Connection, Head, load, make_table

pytestmark = pytest.mark.integration
APPENDERS, APPENDS, FORKS = 6, 25, 15


def fork(root: Connection, kind: str, name: str, source: str) -> str:
    """Make a branch or a tag; return what its table looks like at once."""
    connection = Connection(root.url, root.authorization)
    body = {"name": name, "catalog": CATALOG, source: "main"}
    made = connection.ask("POST", f"/api/v1/{kind}", body)
    assert made.status in (200, 201), made
    answer = load(connection, "forked", prefix=f"{CATALOG}@{name}")
    connection.close()
    assert answer.status == 200, answer
    location: str = answer.body["metadata-location"]
    return location


def forks(root: Connection, kind: str, source: str) -> dict[str, str]:
    names = [f"{kind}-{number}" for number in range(FORKS)]
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(lambda name: fork(root, kind, name, source), names)
        return dict(zip(names, found, strict=True))


def test_forks_made_during_a_storm_lose_no_commit_and_never_change(root: Connection) -> None:
    make_table(root, "forked")
    with processes(APPENDERS) as pool:
        running = start_appends(pool, root.url, root.authorization, ["forked"] * APPENDERS, APPENDS)
        made = forks(root, "tags", "from_ref") | forks(root, "branches", "from_branch")
        seen = gather(running)
    assert set(seen.statuses) <= {200, 409}, seen.statuses
    whole = history(root, "forked")
    assert sorted(whole) == sorted(seen.acknowledged)
    for name, location in made.items():
        now = load(root, "forked", prefix=f"{CATALOG}@{name}")
        assert now.body["metadata-location"] == location
        then = history(root, "forked", f"{CATALOG}@{name}")
        assert then == whole[: len(then)]


def test_a_commit_on_a_fresh_branch_stays_on_it(root: Connection) -> None:
    make_table(root, "parted")
    before = Head.of(root, "parted")
    made = root.ask("POST", "/api/v1/branches", {"name": "aside", "catalog": CATALOG})
    assert made.status == 201, made
    path = f"/v1/{CATALOG}@aside/namespaces/storm/tables/parted"
    assert root.ask("POST", path, before.append(77)).status == 200
    assert history(root, "parted", f"{CATALOG}@aside") == [77]
    assert Head.of(root, "parted") == before
