import copy

import pytest

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg.requirements import is_create
from tests.iceberg import samples
from tests.iceberg.samples import FILE, LATER, LOCATION, NOW, apply, table

STAGED: list[samples.Json] = [
    {"action": "assign-uuid", "uuid": samples.OTHER_UUID},
    {"action": "upgrade-format-version", "format-version": 2},
    {"action": "add-schema", "schema": samples.schema(samples.field(5, "id")), "last-column-id": 5},
    {"action": "set-current-schema", "schema-id": -1},
    {"action": "add-spec", "spec": samples.spec(("id", "identity", 5))},
    {"action": "set-default-spec", "spec-id": -1},
    {"action": "add-sort-order", "sort-order": samples.order()},
    {"action": "set-default-sort-order", "sort-order-id": -1},
    {"action": "set-location", "location": LOCATION},
    {"action": "set-properties", "updates": {"owner": "me"}},
    samples.add_snapshot(1),
    samples.set_ref(1),
]


def test_a_staged_create_keeps_the_clients_uuid_and_field_ids() -> None:
    assert is_create([{"type": "assert-create"}])
    made = apply(None, *STAGED)
    assert made["table-uuid"] == samples.OTHER_UUID
    assert made["schemas"][0]["fields"][0]["id"] == made["last-column-id"] == 5
    assert made["partition-specs"][0]["fields"][0]["field-id"] == made["last-partition-id"] == 1000
    assert made["current-snapshot-id"] == made["last-sequence-number"] == 1
    assert made["metadata-log"] == []
    assert made["properties"] == {"owner": "me"}
    assert made["last-updated-ms"] == LATER


def test_a_create_takes_its_version_from_the_first_upgrade() -> None:
    steps = [u for u in STAGED if u["action"] not in ("add-snapshot", "set-snapshot-ref")]
    steps[1] = {"action": "upgrade-format-version", "format-version": 1}
    assert apply(None, *steps)["format-version"] == 1
    del steps[1]
    assert apply(None, *steps)["format-version"] == 2


def test_a_create_without_a_uuid_gets_the_one_given() -> None:
    assert apply(None, *STAGED[1:])["table-uuid"] == samples.UUID


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("add-sort-order", "Attempting to add a snapshot before a sort order is added"),
        ("set-location", "Table location is required in format v2"),
    ],
)
def test_a_create_that_lacks_a_part_is_refused(missing: str, message: str) -> None:
    steps = [u for u in STAGED if u["action"] != missing and "default-sort" not in str(u["action"])]
    with pytest.raises(ValidationFailed, match=message):
        apply(None, *steps)


def test_a_create_without_anything_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        apply(None)


@pytest.mark.parametrize("version", [0, 4])
def test_a_create_of_an_unsupported_version_is_refused(version: int) -> None:
    with pytest.raises(BadRequest, match="Unsupported format version"):
        apply(None, {"action": "upgrade-format-version", "format-version": version})


def test_the_same_uuid_changes_nothing() -> None:
    base = table()
    assert apply(base, {"action": "assign-uuid", "uuid": samples.UUID}) is base


def test_another_uuid_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="Cannot reassign uuid"):
        apply(table(), {"action": "assign-uuid", "uuid": samples.OTHER_UUID})


@pytest.mark.parametrize("uuid", [None, "x", 3])
def test_a_uuid_must_look_like_one(uuid: object) -> None:
    with pytest.raises(BadRequest, match=r"updates\[0\].uuid must be"):
        apply(table(), {"action": "assign-uuid", "uuid": uuid})


def test_an_old_table_without_a_uuid_gets_one() -> None:
    base = {name: value for name, value in table(1).items() if name != "table-uuid"}
    changed = apply(base, {"action": "set-location", "location": "s3://bucket/x"})
    assert changed["table-uuid"] == samples.UUID


def test_an_upgrade_to_v2_starts_sequence_numbers_and_drops_the_v1_members() -> None:
    base = samples.with_snapshots(1, version=1)
    made = apply(base, {"action": "upgrade-format-version", "format-version": 2})
    assert made["last-sequence-number"] == 0
    assert "sequence-number" not in made["snapshots"][0]
    assert "schema" not in made
    assert "partition-spec" not in made


def test_an_upgrade_to_v3_starts_row_ids() -> None:
    base = samples.with_snapshots(1)
    made = apply(base, {"action": "upgrade-format-version", "format-version": 3})
    assert made["next-row-id"] == 0
    assert "first-row-id" not in made["snapshots"][0]


def test_an_upgrade_to_v3_spells_no_current_snapshot_as_null() -> None:
    made = apply(table(2), {"action": "upgrade-format-version", "format-version": 3})
    assert made["current-snapshot-id"] is None


def test_an_upgrade_to_the_same_version_changes_nothing() -> None:
    base = table(2)
    assert apply(base, {"action": "upgrade-format-version", "format-version": 2}) is base


@pytest.mark.parametrize(
    ("version", "message"),
    [(1, "Cannot downgrade v2 table to v1"), (4, "unsupported format version: v4")],
)
def test_a_version_we_cannot_go_to_is_refused(version: int, message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        apply(table(2), {"action": "upgrade-format-version", "format-version": version})


def test_a_location_loses_its_trailing_slash() -> None:
    made = apply(table(), {"action": "set-location", "location": "s3://bucket/x//"})
    assert made["location"] == "s3://bucket/x"


def test_the_same_location_changes_nothing() -> None:
    base = table()
    assert apply(base, {"action": "set-location", "location": LOCATION + "/"}) is base


@pytest.mark.parametrize("location", ["", "/", None])
def test_a_location_must_not_be_empty(location: object) -> None:
    with pytest.raises(BadRequest, match=r"updates\[0\].location must"):
        apply(table(), {"action": "set-location", "location": location})


def test_properties_are_merged_and_removed() -> None:
    base = apply(table(), {"action": "set-properties", "updates": {"a": "1", "b": "2"}})
    made = apply(base, {"action": "remove-properties", "removals": ["a", "nope"]})
    assert made["properties"].keys() == {"b", "write.parquet.compression-codec"}


def test_the_older_names_of_property_updates_are_read() -> None:
    made = apply(table(), {"action": "SET-PROPERTIES", "updated": {"a": "1"}})
    assert made["properties"]["a"] == "1"
    made = apply(made, {"action": "remove-properties", "removed": ["a"]})
    assert "a" not in made["properties"]


def test_the_newer_name_of_property_updates_wins() -> None:
    both = {"action": "set-properties", "updates": {"a": "new"}, "updated": {"a": "old"}}
    assert apply(table(), both)["properties"]["a"] == "new"


@pytest.mark.parametrize(
    "update",
    [
        {"action": "set-properties", "updates": {}},
        {"action": "set-properties", "updates": {"write.parquet.compression-codec": "zstd"}},
        {"action": "remove-properties", "removals": []},
        {"action": "remove-properties", "removals": ["nope"]},
    ],
)
def test_property_updates_without_effect_change_nothing(update: samples.Json) -> None:
    base = table()
    assert apply(base, update) is base


def test_the_format_version_property_is_an_upgrade() -> None:
    made = apply(table(2), {"action": "set-properties", "updates": {"format-version": "3"}})
    assert made["format-version"] == 3
    assert "format-version" not in made["properties"]


def test_no_updates_change_nothing() -> None:
    base = table()
    assert apply(base) is base


def test_the_previous_file_goes_to_the_metadata_log() -> None:
    made = apply(table(), {"action": "set-location", "location": "s3://bucket/x"})
    assert made["metadata-log"] == [{"timestamp-ms": NOW, "metadata-file": FILE}]


@pytest.mark.parametrize(("most", "length"), [("2", 2), ("1", 1), ("0", 1), ("-5", 1)])
def test_the_metadata_log_is_trimmed_by_the_new_properties(most: str, length: int) -> None:
    base = table()
    for number in range(4):
        base = apply(base, {"action": "set-location", "location": f"s3://bucket/{number}"})
    updates = {"write.metadata.previous-versions-max": most}
    made = apply(base, {"action": "set-properties", "updates": updates})
    assert len(made["metadata-log"]) == length
    assert made["metadata-log"][-1] == {"timestamp-ms": LATER, "metadata-file": FILE}


def test_the_base_is_never_changed() -> None:
    base = samples.with_snapshots(1, 2)
    before = copy.deepcopy(base)
    apply(
        base,
        {"action": "set-properties", "updates": {"a": "1"}},
        {"action": "add-schema", "schema": samples.schema(samples.field(9, "n"))},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": samples.spec(("n", "identity", 9))},
        {"action": "remove-snapshots", "snapshot-ids": [1]},
        samples.add_snapshot(3),
        samples.set_ref(3),
    )
    assert base == before


def test_members_we_do_not_know_survive_a_commit() -> None:
    base = {**samples.with_snapshots(1), "engine-hint": {"a": [1]}}
    base["snapshots"][0]["origin"] = "engine"
    made = apply(base, samples.add_snapshot(2, flavour="new"), samples.set_ref(2))
    assert made["engine-hint"] == {"a": [1]}
    assert [s.get("origin") for s in made["snapshots"]] == ["engine", None]
    assert made["snapshots"][1]["flavour"] == "new"


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"action": "add-moon"}, r"updates\[0\].action is not a known table update: add-moon"),
        ({"action": "add-view-version"}, "cannot be applied to a table"),
        ({}, r"updates\[0\].action must be a string"),
        ({"action": "upgrade-format-version"}, r"updates\[0\].format-version must be an integer"),
        ({"action": "set-properties"}, r"updates\[0\].updates must be an object"),
        ({"action": "set-properties", "updates": {"a": None}}, r"updates.a must be a string"),
        ({"action": "remove-properties", "removals": "a"}, r"removals must be an array"),
    ],
)
def test_a_malformed_update_is_named(update: samples.Json, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        apply(table(), update)


def test_updates_nested_without_end_are_refused() -> None:
    deep: samples.Json = {}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(BadRequest, match="levels deep"):
        apply(table(), {"action": "set-location", "location": "s3://b/t", "x": deep})


KEY = {"key-id": "k1", "encrypted-key-metadata": "AAEC", "encrypted-by-id": "k0"}


def test_encryption_keys_are_added_once_and_removed() -> None:
    made = apply(table(3), {"action": "add-encryption-key", "encryption-key": KEY})
    assert made["encryption-keys"] == [KEY]
    assert apply(made, {"action": "add-encryption-key", "encryption-key": KEY}) is made
    assert apply(made, {"action": "remove-encryption-key", "key-id": "k2"}) is made
    assert "encryption-keys" not in apply(made, {"action": "remove-encryption-key", "key-id": "k1"})


def test_key_metadata_must_be_base64_and_is_not_repeated_in_the_message() -> None:
    secret = {**KEY, "encrypted-key-metadata": "!secret!"}
    with pytest.raises(BadRequest, match="must be base64") as failure:
        apply(table(3), {"action": "add-encryption-key", "encryption-key": secret})
    assert "secret!" not in failure.value.message
