"""Many processes append through several workers to one SQLite file."""

import pytest

from tests.end_to_end.concurrency.storm import gather, history, processes, start_appends
from tests.end_to_end.concurrency.wire import Connection, Tally, make_table

pytestmark = pytest.mark.integration
PROCESSES, APPENDS = 16, 50


def storm(root: Connection, tables: list[str]) -> Tally:
    with processes(PROCESSES) as pool:
        return gather(start_appends(pool, root.url, root.authorization, tables, APPENDS))


def test_every_append_of_16_processes_to_one_table_is_in_its_log_once(root: Connection) -> None:
    make_table(root, "one")
    seen = storm(root, ["one"] * PROCESSES)
    assert set(seen.statuses) <= {200, 409}, seen.statuses
    assert len(seen.acknowledged) == PROCESSES * APPENDS
    assert sorted(history(root, "one")) == sorted(seen.acknowledged)


def test_every_append_of_16_processes_to_16_tables_is_in_their_logs_once(root: Connection) -> None:
    tables = [f"own{number}" for number in range(PROCESSES)]
    for table in tables:
        make_table(root, table)
    seen = storm(root, tables)
    assert seen.statuses == {200: PROCESSES * APPENDS}
    kept = [snapshot for table in tables for snapshot in history(root, table)]
    assert sorted(kept) == sorted(seen.acknowledged)
