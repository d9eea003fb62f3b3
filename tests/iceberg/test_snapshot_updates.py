import pytest

from pangolin.errors import BadRequest, CommitFailed, ValidationFailed
from tests.iceberg.samples import (
    LATER,
    NOW,
    Json,
    add_snapshot,
    apply,
    set_ref,
    snapshot,
    table,
    with_snapshots,
)

STATISTICS = {
    "snapshot-id": 1,
    "statistics-path": "s3://bucket/s.puffin",
    "file-size-in-bytes": 10,
    "file-footer-size-in-bytes": 4,
    "blob-metadata": [{"type": "t", "snapshot-id": 1, "sequence-number": 1, "fields": [1]}],
}
PARTITION_STATISTICS = {
    "snapshot-id": 1,
    "statistics-path": "s3://bucket/p.parquet",
    "file-size-in-bytes": 10,
}


def log(document: Json) -> list[tuple[int, int]]:
    return [(e["timestamp-ms"], e["snapshot-id"]) for e in document["snapshot-log"]]


def remove(*numbers: int) -> Json:
    return {"action": "remove-snapshots", "snapshot-ids": list(numbers)}


def test_an_append_moves_main_and_the_sequence_number() -> None:
    made = apply(table(), add_snapshot(7), set_ref(7))
    assert made["snapshots"] == [snapshot(7)]
    assert made["current-snapshot-id"] == made["last-sequence-number"] == 7
    assert made["refs"] == {"main": {"type": "branch", "snapshot-id": 7}}
    assert made["last-updated-ms"] == LATER


def test_the_log_takes_the_time_of_a_snapshot_added_now() -> None:
    assert log(apply(table(), add_snapshot(7), set_ref(7))) == [(NOW + 7, 7)]


def test_the_log_takes_the_present_for_an_older_snapshot() -> None:
    made = apply(with_snapshots(1, 2), set_ref(1))
    assert log(made) == [(NOW + 1, 1), (NOW + 2, 2), (LATER, 1)]


def test_a_snapshot_id_is_used_once() -> None:
    with pytest.raises(ValidationFailed, match="Snapshot already exists for id: 1"):
        apply(with_snapshots(1), add_snapshot(1, **{"sequence-number": 5}))


def test_a_stale_sequence_number_can_be_retried() -> None:
    stale = add_snapshot(9, **{"sequence-number": 2, "parent-snapshot-id": 1})
    with pytest.raises(CommitFailed) as failure:
        apply(with_snapshots(1, 2), stale)
    assert failure.value.message == (
        "Validation failed, please retry: Cannot add snapshot with sequence number 2 "
        "older than last sequence number 2"
    )


def test_a_snapshot_without_parent_may_have_an_old_sequence_number() -> None:
    made = apply(with_snapshots(1, 2), add_snapshot(9, **{"sequence-number": 1}))
    assert made["last-sequence-number"] == 2


def test_v1_knows_no_sequence_numbers() -> None:
    with pytest.raises(ValidationFailed, match="Sequence number must be 0 in v1: 1"):
        apply(table(1), add_snapshot(1))
    made = apply(table(1), add_snapshot(1, **{"sequence-number": 0}))
    assert "sequence-number" not in made["snapshots"][0]


def test_v1_takes_inline_manifests_and_no_summary() -> None:
    inline = {"snapshot-id": 1, "timestamp-ms": NOW, "manifests": ["s3://bucket/m.avro"]}
    made = apply(table(1), {"action": "add-snapshot", "snapshot": inline})
    assert made["snapshots"] == [inline]


def test_a_summary_without_operation_reads_as_overwrite() -> None:
    made = apply(table(), add_snapshot(1, summary={"a": "b"}))
    assert made["snapshots"][0]["summary"] == {"operation": "overwrite", "a": "b"}


def rows(number: int, first: int | None, added: int | None) -> Json:
    return add_snapshot(number, **{"first-row-id": first, "added-rows": added})


def test_v3_counts_rows() -> None:
    made = apply(table(3), rows(1, 0, 10), rows(2, 10, 5))
    assert made["next-row-id"] == 15
    assert apply(made, rows(3, 20, 1))["next-row-id"] == 16


def test_a_stale_first_row_id_can_be_retried() -> None:
    base = apply(table(3), rows(1, 0, 10))
    with pytest.raises(CommitFailed, match=r"please retry: .*first-row-id is behind .*: 5 < 10"):
        apply(base, rows(2, 5, 1))


@pytest.mark.parametrize(
    ("first", "added", "message"),
    [(None, 1, "first-row-id is null"), (0, None, "Invalid added-rows"), (0, -1, "negative")],
)
def test_v3_snapshots_need_their_rows(first: int | None, added: int | None, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        apply(table(3), rows(1, first, added))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"snapshot-id": None}, r"updates\[0\].snapshot.snapshot-id must be an integer"),
        ({"snapshot-id": 2**63}, "at most 64 bits"),
        ({"timestamp-ms": "now"}, "timestamp-ms must be an integer"),
        ({"manifest-list": None}, "manifest-list must be a string"),
        ({"summary": None}, "summary must be an object"),
        ({"summary": {"operation": 1}}, "summary.operation must be a string"),
        ({"parent-snapshot-id": "1"}, "parent-snapshot-id must be an integer"),
        ({"sequence-number": -1}, "sequence-number must not be negative"),
    ],
)
def test_a_malformed_snapshot_is_named(change: Json, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        apply(table(), add_snapshot(1, **change))


def test_big_ids_stay_exact() -> None:
    made = apply(table(), add_snapshot(2**63 - 1, **{"sequence-number": 1, "timestamp-ms": NOW}))
    assert made["snapshots"][0]["snapshot-id"] == 9223372036854775807


def test_an_equal_ref_changes_nothing() -> None:
    base = with_snapshots(1)
    assert apply(base, set_ref(1)) is base
    assert apply(base, set_ref(1, **{"max-ref-age-ms": None})) is base


def test_a_ref_keeps_its_retention() -> None:
    retention = {"min-snapshots-to-keep": 2, "max-snapshot-age-ms": 3, "max-ref-age-ms": 4}
    made = apply(with_snapshots(1), set_ref(1, "dev", **retention))
    assert made["refs"]["dev"] == {"type": "branch", "snapshot-id": 1, **retention}
    assert made["current-snapshot-id"] == 1


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (set_ref(9), "Cannot set main to unknown snapshot: 9"),
        (set_ref(1, type="tag"), "Cannot set main to a tag, it must be a branch"),
        (set_ref(1, "t", type="tag", **{"min-snapshots-to-keep": 1}), "Tags do not support"),
        (set_ref(1, "t", type="tag", **{"max-snapshot-age-ms": 1}), "Tags do not support"),
        (set_ref(1, "b", **{"max-ref-age-ms": 0}), "Max reference age must be greater than 0"),
        (set_ref(1, "b", **{"max-snapshot-age-ms": -1}), "Max snapshot age must be greater"),
        (set_ref(1, "b", **{"min-snapshots-to-keep": 0}), "Min snapshots to keep must be"),
        (set_ref(1, "b", type="leaf"), "type must be branch or tag"),
        ({"action": "set-snapshot-ref"}, "ref-name must be a string"),
    ],
)
def test_a_ref_that_breaks_a_rule_is_refused(update: Json, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        apply(with_snapshots(1), update)


def test_a_branch_may_become_a_tag() -> None:
    base = apply(with_snapshots(1), set_ref(1, "x"))
    assert apply(base, set_ref(1, "x", type="TAG"))["refs"]["x"]["type"] == "tag"


def test_removing_main_keeps_the_log() -> None:
    base = with_snapshots(1, 2)
    made = apply(base, {"action": "remove-snapshot-ref", "ref-name": "main"})
    assert made["current-snapshot-id"] == -1
    assert made["refs"] == {}
    assert log(made) == log(base)


def test_removing_an_unknown_ref_changes_nothing() -> None:
    base = with_snapshots(1)
    assert apply(base, {"action": "remove-snapshot-ref", "ref-name": "x"}) is base


def test_removing_snapshots_takes_their_statistics_and_refs() -> None:
    base = apply(
        with_snapshots(1, 2),
        set_ref(1, "old"),
        {"action": "set-statistics", "statistics": STATISTICS},
        {"action": "set-partition-statistics", "partition-statistics": PARTITION_STATISTICS},
    )
    made = apply(base, remove(1, 99))
    assert [s["snapshot-id"] for s in made["snapshots"]] == [2]
    assert made["refs"].keys() == {"main"}
    assert made["statistics"] == made["partition-statistics"] == []


def test_removing_the_current_snapshot_removes_main() -> None:
    made = apply(with_snapshots(1, 2), remove(2))
    assert made["current-snapshot-id"] == -1
    assert made["refs"] == {}


def test_removing_unknown_snapshots_changes_nothing() -> None:
    base = with_snapshots(1)
    assert apply(base, remove(99)) is base
    assert apply(base, remove()) is base


def test_a_removed_snapshot_takes_the_earlier_history_with_it() -> None:
    base = with_snapshots(1, 2, 3)
    assert log(apply(base, remove(1))) == [(NOW + 2, 2), (NOW + 3, 3)]
    assert log(apply(base, remove(2))) == [(NOW + 3, 3)]


def test_snapshots_that_were_current_only_within_the_commit_are_not_logged() -> None:
    made = apply(with_snapshots(1), add_snapshot(2), set_ref(2), add_snapshot(3), set_ref(3))
    assert log(made) == [(NOW + 1, 1), (NOW + 3, 3)]


def test_a_log_that_would_not_end_at_the_current_snapshot_is_refused() -> None:
    base = with_snapshots(1, 2)
    base["snapshot-log"].append({"timestamp-ms": NOW + 3, "snapshot-id": 1})
    with pytest.raises(ValidationFailed, match="latest entry is not the current snapshot"):
        apply(base, add_snapshot(5), remove(5))


def test_statistics_are_replaced_by_snapshot_and_removed() -> None:
    newer = {**STATISTICS, "file-size-in-bytes": 11}
    base = apply(with_snapshots(1), {"action": "set-statistics", "statistics": STATISTICS})
    made = apply(base, {"action": "set-statistics", "statistics": newer, "snapshot-id": 1})
    assert made["statistics"] == [newer]
    assert apply(made, {"action": "remove-statistics", "snapshot-id": 2}) is made
    assert apply(made, {"action": "remove-statistics", "snapshot-id": 1})["statistics"] == []


def test_partition_statistics_are_replaced_by_snapshot_and_removed() -> None:
    newer = {**PARTITION_STATISTICS, "file-size-in-bytes": 11}
    made = with_snapshots(1)
    for doc in (PARTITION_STATISTICS, newer):
        made = apply(made, {"action": "set-partition-statistics", "partition-statistics": doc})
    assert made["partition-statistics"] == [newer]
    removal = {"action": "remove-partition-statistics", "snapshot-id": 1}
    assert apply(made, removal)["partition-statistics"] == []


def test_malformed_statistics_are_named() -> None:
    broken = {**STATISTICS, "blob-metadata": [{"type": 1}]}
    message = r"updates\[0\].statistics.blob-metadata\[0\].type must be a string"
    with pytest.raises(BadRequest, match=message):
        apply(table(), {"action": "set-statistics", "statistics": broken})


def test_a_snapshot_from_the_future_is_refused() -> None:
    ahead = add_snapshot(1, **{"timestamp-ms": LATER + 60_001})
    with pytest.raises(ValidationFailed, match="before the latest snapshot log entry"):
        apply(table(), ahead, set_ref(1))


def test_a_minute_of_clock_skew_is_tolerated() -> None:
    ahead = add_snapshot(1, **{"timestamp-ms": LATER + 60_000})
    assert apply(table(), ahead, set_ref(1))["current-snapshot-id"] == 1


def test_history_must_not_run_backwards() -> None:
    behind = add_snapshot(3, **{"timestamp-ms": NOW - 70_000})
    with pytest.raises(ValidationFailed, match="Expected sorted snapshot log entries"):
        apply(with_snapshots(1), behind, set_ref(3))


def test_a_clock_that_went_back_is_refused() -> None:
    move = {"action": "set-location", "location": "s3://bucket/x"}
    with pytest.raises(ValidationFailed, match="before the latest metadata log entry"):
        apply(table(), move, now_ms=NOW - 120_000)
