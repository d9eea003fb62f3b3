"""Snapshots, branches and tags of a table, and reading as of each."""

import time
from datetime import datetime, timedelta

import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.statistics import StatisticsFile

from tests.end_to_end.lake import Lake
from tests.end_to_end.samples import ARROW, ids, people, reload

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def table(catalog: RestCatalog, namespace: str) -> Table:
    """A table of two snapshots: person 1, then person 2 as well."""
    made: Table = catalog.create_table(f"{namespace}.t", ARROW)
    made.append(people(1))
    made.append(people(2))
    return made


def snapshot_ids(table: Table) -> list[int]:
    return [snapshot.snapshot_id for snapshot in table.snapshots()]


def test_every_snapshot_can_be_read(table: Table) -> None:
    first, second = snapshot_ids(reload(table))
    assert ids(table, snapshot_id=first) == [1]
    assert ids(table, snapshot_id=second) == [1, 2]
    assert [each.parent_snapshot_id for each in table.snapshots()] == [None, first]
    assert [each.sequence_number for each in table.snapshots()] == [1, 2]
    assert [str(each.summary.operation.value) for each in table.snapshots() if each.summary] == [
        "append",
        "append",
    ]


def test_a_table_is_read_as_of_a_time(table: Table) -> None:
    found = reload(table)
    first, second = found.history()
    before = found.snapshot_as_of_timestamp(second.timestamp_ms, inclusive=False)
    assert before is not None and ids(found, snapshot_id=before.snapshot_id) == [1]
    assert found.snapshot_as_of_timestamp(first.timestamp_ms - 1) is None


def test_branches_and_tags_name_snapshots(table: Table) -> None:
    first, second = snapshot_ids(table)
    with table.manage_snapshots() as manage:
        manage.create_tag(first, "v1", max_ref_age_ms=1000)
        manage.create_branch(first, "dev", 60_000, 3, 86_400_000)
    refs = reload(table).refs()
    assert set(refs) == {"main", "v1", "dev"}
    assert (refs["v1"].snapshot_ref_type, refs["v1"].max_ref_age_ms) == (SnapshotRefType.TAG, 1000)
    dev = refs["dev"]
    assert (dev.snapshot_ref_type, dev.snapshot_id) == (SnapshotRefType.BRANCH, first)
    ages = {dev.max_ref_age_ms, dev.max_snapshot_age_ms, dev.min_snapshots_to_keep}
    assert ages == {60_000, 86_400_000, 3}
    assert refs["main"].snapshot_id == second
    with table.manage_snapshots() as manage:
        manage.remove_tag("v1").remove_branch("dev")
    assert set(reload(table).refs()) == {"main"}


def test_a_branch_is_written_without_touching_main(table: Table) -> None:
    with table.manage_snapshots() as manage:
        manage.create_branch(snapshot_ids(table)[0], "dev")
    table.append(people(7), branch="dev")
    table.delete("id = 1", branch="dev")
    found = reload(table)
    assert sorted(found.scan().use_ref("dev").to_arrow()["id"].to_pylist()) == [7]
    assert ids(found) == [1, 2]
    # Entries of the log are main's alone.
    assert len(found.history()) == 2


def test_a_rollback_shows_the_past_and_keeps_the_log(table: Table) -> None:
    first, second = snapshot_ids(table)
    with table.manage_snapshots() as manage:
        manage.rollback_to_snapshot(first)
    found = reload(table)
    assert ids(found) == [1]
    assert [entry.snapshot_id for entry in found.history()] == [first, second, first]
    with table.manage_snapshots() as manage:
        manage.set_current_snapshot(second)
    assert ids(reload(table)) == [1, 2]


def test_a_write_after_a_rollback_has_a_new_sequence_number(table: Table) -> None:
    with table.manage_snapshots() as manage:
        manage.rollback_to_snapshot(snapshot_ids(table)[0])
    table.append(people(9))
    found = reload(table)
    assert ids(found) == [1, 9]
    assert [each.sequence_number for each in found.snapshots()] == [1, 2, 3]


def test_expired_snapshots_are_gone_and_named_ones_stay(table: Table) -> None:
    first, second = snapshot_ids(table)
    table.append(people(3))
    with table.manage_snapshots() as manage:
        manage.create_tag(first, "keep")
    time.sleep(0.01)
    table.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(hours=1)).commit()
    found = reload(table)
    assert second not in snapshot_ids(found)
    assert first in snapshot_ids(found)
    assert ids(found) == [1, 2, 3]
    # The log ends where a snapshot is missing, and goes on from there.
    assert [entry.snapshot_id for entry in found.history()] == [snapshot_ids(found)[-1]]


def test_statistics_are_set_and_removed(table: Table) -> None:
    snapshot_id = snapshot_ids(table)[-1]
    blob = {
        "type": "apache-datasketches-theta-v1",
        "snapshot-id": snapshot_id,
        "sequence-number": 2,
        "fields": [1],
    }
    file = StatisticsFile.model_validate(
        {
            "snapshot-id": snapshot_id,
            "statistics-path": f"{table.location()}/metadata/s.puffin",
            "file-size-in-bytes": 10,
            "file-footer-size-in-bytes": 4,
            "blob-metadata": [blob],
        }
    )
    with table.update_statistics() as update:
        update.set_statistics(file)
    assert reload(table).metadata.statistics == [file]
    with table.update_statistics() as update:
        update.remove_statistics(snapshot_id)
    assert reload(table).metadata.statistics == []


def test_the_tables_about_the_table_can_be_read(table: Table) -> None:
    inspect = reload(table).inspect
    assert inspect.snapshots().num_rows == inspect.history().num_rows == 2
    assert inspect.metadata_log_entries().num_rows == 3
    assert inspect.refs().to_pylist()[0]["name"] == "main"
    assert sum(inspect.files()["record_count"].to_pylist()) == 2


def test_only_what_refs_name_is_loaded_when_asked(lake: Lake, table: Table) -> None:
    small = lake.catalog(**{"snapshot-loading-mode": "refs"}).load_table(table.name())
    assert snapshot_ids(small) == snapshot_ids(table)[-1:]
    small.append(people(3))
    found = reload(table)
    assert (ids(found), len(found.snapshots())) == ([1, 2, 3], 3)
