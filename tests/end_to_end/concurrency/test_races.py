"""Several clients want what only one can have."""

import pytest

from tests.end_to_end.concurrency.rivals import NAMESPACES, create, drop, race, rename, statuses
from tests.end_to_end.concurrency.storm import history, processes, transact
from tests.end_to_end.concurrency.wire import Connection, load, make_table, table_path, total

pytestmark = pytest.mark.integration
RIVALS, ROUNDS = 8, 12


def test_one_of_eight_creates_of_a_table_wins(root: Connection) -> None:
    for number in range(ROUNDS):
        answers = race([root], *[create(f"prize{number}")] * RIVALS)
        assert statuses(answers) == [200] + [409] * (RIVALS - 1)
        (won,) = (answer for answer in answers if answer.status == 200)
        found = load(root, f"prize{number}").body
        assert found["metadata"]["table-uuid"] == won.body["metadata"]["table-uuid"]


def test_one_of_two_renames_to_one_name_wins(root: Connection) -> None:
    for number in range(ROUNDS):
        names = [f"left{number}", f"right{number}"]
        uuids = {name: make_table(root, name)["table-uuid"] for name in names}
        answers = race([root], *(rename(name, f"middle{number}") for name in names))
        assert statuses(answers) == [204, 409]
        won, lost = names if answers[0].status == 204 else names[::-1]
        assert load(root, f"middle{number}").body["metadata"]["table-uuid"] == uuids[won]
        assert load(root, lost).body["metadata"]["table-uuid"] == uuids[lost]
        assert load(root, won).status == 404


def test_a_table_is_never_left_in_a_dropped_namespace(root: Connection) -> None:
    for number in range(ROUNDS):
        namespace = f"brief{number}"
        made = root.ask("POST", NAMESPACES, {"namespace": [namespace]})
        assert made.status == 200
        created, dropped = race([root], create("guest", namespace), drop(namespace))
        assert (created.status, dropped.status) in ((200, 409), (404, 204))
        there = root.ask("HEAD", table_path("guest", namespace)).status
        assert there == (204 if created.status == 200 else 404)
        assert root.ask("HEAD", f"{NAMESPACES}/{namespace}").status == there


def test_a_namespace_is_made_once_and_dropped_once(root: Connection) -> None:
    body = {"namespace": ["contested"]}
    for _ in range(ROUNDS):
        made = race([root], *[lambda rival: rival.ask("POST", NAMESPACES, body)] * RIVALS)
        assert statuses(made) == [200] + [409] * (RIVALS - 1)
        gone = race([root], *[drop("contested")] * RIVALS)
        assert statuses(gone) == [204] + [404] * (RIVALS - 1)


def test_overlapping_transactions_land_in_all_their_tables_or_in_none(root: Connection) -> None:
    tables = [f"account{number}" for number in range(4)]
    for table in tables:
        make_table(root, table)
    with processes(RIVALS) as pool:
        running = [
            pool.submit(transact, root.url, root.authorization, tables, 20) for _ in range(RIVALS)
        ]
        seen = total([each.result() for each in running])
    assert set(seen.statuses) <= {204, 409}, seen.statuses
    assert len(seen.acknowledged) == RIVALS * 20
    kept = [snapshot for table in tables for snapshot in history(root, table)]
    assert sorted(kept) == sorted(seen.acknowledged * 2)
