"""Two clients at once: one wins, the other is told what happened in PyIceberg's words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    RESTError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.table import Table
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    AssertTableUUID,
    SetPropertiesUpdate,
)
from pyiceberg.types import LongType, StringType

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people, reload

pytestmark = pytest.mark.end_to_end
STORAGES = ("file",)
AT_ONCE = 8
RETRIES = {"commit.retry.num-retries": "20", "commit.retry.min-wait-ms": "5"}
CHANGE = (SetPropertiesUpdate(updates={"a": "b"}),)


@pytest.fixture
def table(catalog: RestCatalog, namespace: str) -> Table:
    """A table of one row."""
    made: Table = catalog.create_table((namespace, "t"), ARROW)
    made.append(people(1))
    return made


def at_once(lake: Lake, act: Callable[[RestCatalog, int], Any]) -> list[Any]:
    """Let several clients act at once; return what each got or raised."""

    def attempt(number: int) -> Any:
        try:
            return act(clients[number], number)
        except Exception as error:
            return error

    clients = [lake.catalog() for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(attempt, range(AT_ONCE)))


def test_of_several_creates_one_wins(lake: Lake, namespace: str) -> None:
    got = at_once(lake, lambda client, _: client.create_table((namespace, "t"), ARROW))
    made = [each for each in got if isinstance(each, Table)]
    assert len(made) == 1
    assert all(isinstance(each, Table | TableAlreadyExistsError) for each in got)
    assert made[0].metadata == lake.catalog().load_table((namespace, "t")).metadata


def test_of_several_staged_creates_one_wins(lake: Lake, namespace: str) -> None:
    def act(client: RestCatalog, number: int) -> Table:
        with client.create_table_transaction((namespace, "t"), ARROW) as transaction:
            transaction.append(people(number))
        return reload(transaction._table)

    got = at_once(lake, act)
    # Who comes late is refused at the staging, who loses the race at the commit.
    refused = (CommitFailedException, TableAlreadyExistsError)
    assert sum(isinstance(each, Table) for each in got) == 1
    assert all(isinstance(each, (Table, *refused)) for each in got), got
    assert len(ids(lake.catalog().load_table((namespace, "t")))) == 1


def test_a_create_committed_too_late_is_a_failed_commit(
    catalog: RestCatalog, namespace: str
) -> None:
    late = catalog.create_table_transaction((namespace, "t"), ARROW)
    late.append(people(1))
    early = catalog.create_table((namespace, "t"), ARROW)
    with pytest.raises(CommitFailedException, match="Requirement failed: table already exists"):
        late.commit_transaction()
    assert catalog.load_table((namespace, "t")).metadata == early.metadata


def test_every_one_of_several_appends_lands(lake: Lake, table: Table) -> None:
    def act(client: RestCatalog, number: int) -> None:
        client.load_table(table.name()).append(people(100 + number))

    table.transaction().set_properties(RETRIES).commit_transaction()
    got = at_once(lake, act)
    assert got == [None] * AT_ONCE
    found = lake.catalog().load_table(table.name())
    assert ids(found) == [1, *(100 + number for number in range(AT_ONCE))]
    assert len(found.history()) == len(found.snapshots()) == AT_ONCE + 1


def test_updates_that_do_not_meet_both_land(lake: Lake, table: Table) -> None:
    def act(client: RestCatalog, number: int) -> None:
        client.load_table(table.name()).transaction().set_properties(
            {f"key-{number}": "x"}
        ).commit_transaction()

    assert at_once(lake, act) == [None] * AT_ONCE
    found = lake.catalog().load_table(table.name()).properties
    assert [key for key in sorted(found) if key.startswith("key-")] == [
        f"key-{number}" for number in range(AT_ONCE)
    ]


def test_a_schema_changed_meanwhile_is_a_conflict(table: Table) -> None:
    other = reload(table)
    with table.update_schema() as update:
        update.add_column("a", StringType())
    with pytest.raises(CommitFailedException, match=r"current schema changed|last assigned field"):
        other.update_schema().add_column("b", LongType()).commit()
    assert [field.name for field in reload(table).schema().fields] == ["id", "name", "a"]


def test_a_spec_changed_meanwhile_is_a_conflict(table: Table) -> None:
    other = reload(table)
    table.update_spec().add_identity("name").commit()
    with pytest.raises(CommitFailedException, match=r"default partition spec changed|partition id"):
        other.update_spec().add_identity("id").commit()
    assert [field.name for field in reload(table).spec().fields] == ["name"]


def _main_is(snapshot_id: int | None) -> AssertRefSnapshotId:
    return AssertRefSnapshotId.model_validate({"ref": "main", "snapshot-id": snapshot_id})


def test_a_branch_moved_meanwhile_is_a_conflict(table: Table) -> None:
    before = table.current_snapshot()
    assert before is not None
    table.append(people(2))
    requirement = _main_is(before.snapshot_id)
    with pytest.raises(CommitFailedException, match="branch main has changed: expected id"):
        table.catalog.commit_table(table, (requirement,), CHANGE)
    assert "a" not in reload(table).properties


def test_a_branch_that_must_not_be_there_is_a_conflict(table: Table) -> None:
    requirement = _main_is(None)
    with pytest.raises(CommitFailedException, match="branch main was created concurrently"):
        table.catalog.commit_table(table, (requirement,), CHANGE)


def test_a_table_dropped_and_made_anew_is_a_conflict(catalog: RestCatalog, table: Table) -> None:
    other = reload(table)
    catalog.drop_table(table.name())
    # PyIceberg names no exception for 404 when it commits.
    with pytest.raises(RESTError, match="NoSuchTableException: Table does not exist"):
        other.transaction().set_properties(a="b").commit_transaction()
    catalog.create_table(table.name(), ARROW)
    with pytest.raises(CommitFailedException, match="UUID does not match"):
        other.catalog.commit_table(
            other,
            (AssertTableUUID(uuid=other.metadata.table_uuid),),
            CHANGE,
        )


def test_a_delete_of_rows_deleted_meanwhile_fails_and_leaves_the_table_whole(
    table: Table,
) -> None:
    other = reload(table)
    table.overwrite(people(5, 6))
    with pytest.raises(ValidationException):
        other.overwrite(people(9))
    assert ids(reload(table)) == [5, 6]
