"""Many processes append through two servers to one store."""

import pytest

from tests.end_to_end.concurrency.storm import history
from tests.end_to_end.concurrency.wire import Connection, make_table
from tests.replicas.pair import Pair

pytestmark = pytest.mark.integration
PROCESSES, APPENDS = 16, 20


def test_every_append_to_one_table_is_in_its_log_once(pair: Pair, roots: list[Connection]) -> None:
    make_table(roots[0], "one")
    seen = pair.storm(["one"] * PROCESSES, APPENDS)
    assert set(seen.statuses) <= {200, 409}, seen.statuses
    assert len(seen.acknowledged) == PROCESSES * APPENDS
    for root in roots:
        assert sorted(history(root, "one")) == sorted(seen.acknowledged)


def test_every_append_to_16_tables_is_in_their_logs_once(
    pair: Pair, roots: list[Connection]
) -> None:
    tables = [f"own{number}" for number in range(PROCESSES)]
    for table in tables:
        make_table(roots[0], table)
    seen = pair.storm(tables, APPENDS)
    assert seen.statuses == {200: PROCESSES * APPENDS}
    for root in roots:
        kept = [snapshot for table in tables for snapshot in history(root, table)]
        assert sorted(kept) == sorted(seen.acknowledged)
