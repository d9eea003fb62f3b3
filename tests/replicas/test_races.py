"""Clients of two servers want what only one of them can have."""

import pytest

from tests.end_to_end.concurrency.rivals import (
    NAMESPACES,
    Ask,
    create,
    drop,
    race,
    rename,
    statuses,
)
from tests.end_to_end.concurrency.storm import history, processes, transact
from tests.end_to_end.concurrency.wire import (
    Connection,
    Head,
    load,
    make_table,
    table_path,
    total,
)
from tests.replicas.pair import Pair

pytestmark = pytest.mark.integration
RIVALS, ROUNDS, TRANSACTIONS = 8, 10, 12


def commit(table: str, head: Head, snapshot: int) -> Ask:
    """Append a snapshot to a head of a table."""
    return lambda rival: rival.ask("POST", table_path(table), head.append(snapshot))


def test_one_of_eight_creates_of_a_table_wins(roots: list[Connection]) -> None:
    for number in range(ROUNDS):
        answers = race(roots, *[create(f"prize{number}")] * RIVALS)
        assert statuses(answers) == [200] + [409] * (RIVALS - 1)
        (won,) = (answer for answer in answers if answer.status == 200)
        for root in roots:
            found = load(root, f"prize{number}").body
            assert found["metadata"]["table-uuid"] == won.body["metadata"]["table-uuid"]


def test_a_table_is_never_left_in_a_dropped_namespace(roots: list[Connection]) -> None:
    for number in range(ROUNDS):
        namespace = f"brief{number}"
        assert roots[0].ask("POST", NAMESPACES, {"namespace": [namespace]}).status == 200
        created, dropped = race(roots, create("guest", namespace), drop(namespace))
        assert (created.status, dropped.status) in ((200, 409), (404, 204))
        for root in roots:
            there = root.ask("HEAD", table_path("guest", namespace)).status
            assert there == (204 if created.status == 200 else 404)
            assert root.ask("HEAD", f"{NAMESPACES}/{namespace}").status == there


def test_one_of_two_renames_to_one_name_wins(roots: list[Connection]) -> None:
    for number in range(ROUNDS):
        names = [f"left{number}", f"right{number}"]
        uuids = {name: make_table(roots[0], name)["table-uuid"] for name in names}
        answers = race(roots, *(rename(name, f"middle{number}") for name in names))
        assert statuses(answers) == [204, 409]
        won, lost = names if answers[0].status == 204 else names[::-1]
        for root in roots:
            assert load(root, f"middle{number}").body["metadata"]["table-uuid"] == uuids[won]
            assert load(root, lost).body["metadata"]["table-uuid"] == uuids[lost]
            assert load(root, won).status == 404


def test_a_commit_that_races_a_rename_goes_with_the_table_or_fails(
    roots: list[Connection],
) -> None:
    for number in range(ROUNDS):
        old, new, snapshot = f"old{number}", f"new{number}", 1000 + number
        make_table(roots[0], old)
        head = Head.of(roots[0], old)
        renamed, committed = race(roots, rename(old, new), commit(old, head, snapshot))
        assert renamed.status == 204, renamed
        assert committed.status in (200, 404), committed
        for root in roots:
            assert history(root, new) == ([snapshot] if committed.status == 200 else [])
            assert load(root, old).status == 404


def test_one_of_eight_commits_on_one_head_wins(roots: list[Connection]) -> None:
    make_table(roots[0], "contested")
    for number in range(ROUNDS):
        head = Head.of(roots[0], "contested")
        asks = [commit("contested", head, 100 * (number + 1) + each) for each in range(RIVALS)]
        answers = race(roots, *asks)
        assert statuses(answers) == [200] + [409] * (RIVALS - 1)
        assert len(history(roots[1], "contested")) == number + 1


def test_overlapping_transactions_land_in_all_their_tables_or_in_none(
    pair: Pair, roots: list[Connection]
) -> None:
    tables = [f"account{number}" for number in range(4)]
    for table in tables:
        make_table(roots[0], table)
    urls = [roots[number % 2].url for number in range(RIVALS)]
    with processes(RIVALS) as pool:
        running = [
            pool.submit(transact, url, pair.authorization, tables, TRANSACTIONS) for url in urls
        ]
        seen = total([each.result() for each in running])
    assert set(seen.statuses) <= {204, 409}, seen.statuses
    assert len(seen.acknowledged) == RIVALS * TRANSACTIONS
    for root in roots:
        kept = [snapshot for table in tables for snapshot in history(root, table)]
        assert sorted(kept) == sorted(seen.acknowledged * 2)
