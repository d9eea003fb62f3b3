from typing import Any

import pytest

from pangolin.errors import BadRequest, ValidationFailed
from tests.iceberg import samples
from tests.iceberg.samples import field, order, schema, spec, struct, table

POINT = struct(field(10, "x", "double"), field(11, "y", "double"))


def test_a_v2_table_has_every_member() -> None:
    assert table() == {
        "format-version": 2,
        "table-uuid": samples.UUID,
        "location": samples.LOCATION,
        "last-sequence-number": 0,
        "last-updated-ms": samples.NOW,
        "last-column-id": 3,
        "current-schema-id": 0,
        "schemas": [schema()],
        "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "last-partition-id": 999,
        "default-sort-order-id": 0,
        "sort-orders": [{"order-id": 0, "fields": []}],
        "properties": {"write.parquet.compression-codec": "zstd"},
        "current-snapshot-id": -1,
        "refs": {},
        "snapshots": [],
        "statistics": [],
        "partition-statistics": [],
        "snapshot-log": [],
        "metadata-log": [],
    }


def test_a_v1_table_repeats_schema_and_spec_for_old_readers() -> None:
    made = table(1, **{"partition-spec": spec(("id", "identity", 1))})
    assert made["schema"] == made["schemas"][0]
    assert made["partition-spec"] == made["partition-specs"][0]["fields"]
    assert "last-sequence-number" not in made


def test_a_v3_table_counts_rows_and_has_no_current_snapshot() -> None:
    made = table(3)
    assert made["next-row-id"] == 0
    assert made["current-snapshot-id"] is None


def test_the_format_version_defaults_to_2() -> None:
    made = samples.new_table({"schema": schema()}, location="s3://b/t", uuid=samples.UUID, now_ms=1)
    assert made["format-version"] == 2


@pytest.mark.parametrize("version", ["4", "0", "-1"])
def test_an_unsupported_format_version_is_refused(version: str) -> None:
    with pytest.raises(BadRequest, match="Unsupported format version"):
        table(properties={"format-version": version})


def test_a_format_version_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="format-version must have integer value"):
        table(properties={"format-version": "two"})


def test_field_ids_are_numbered_level_by_level() -> None:
    columns = schema(
        field(
            40,
            "points",
            {"type": "list", "element-id": 50, "element-required": False, "element": POINT},
        ),
        field(
            41,
            "lookup",
            {
                "type": "map",
                "key-id": 60,
                "key": "string",
                "value-id": 61,
                "value-required": True,
                "value": struct(field(70, "z")),
            },
        ),
        field(42, "plain", struct(field(80, "a"))),
    )
    made = table(schema=columns)["schemas"][0]["fields"]
    points, lookup, plain = made
    assert [f["id"] for f in made] == [1, 2, 3]
    assert points["type"]["element-id"] == 4
    assert [f["id"] for f in points["type"]["element"]["fields"]] == [5, 6]
    assert (lookup["type"]["key-id"], lookup["type"]["value-id"]) == (7, 8)
    assert lookup["type"]["value"]["fields"][0]["id"] == 9
    assert plain["type"]["fields"][0]["id"] == 10


def test_everything_that_names_a_column_follows_its_new_id() -> None:
    columns = schema(
        field(100, "data", "string"),
        field(200, "id", required=True),
        **{"identifier-field-ids": [200]},
    )
    made = table(
        schema=columns,
        **{
            "partition-spec": spec(("b", "bucket[4]", 200), ("data", "identity", 100)),
            "write-order": order(("identity", 200)),
        },
    )
    assert made["schemas"][0]["identifier-field-ids"] == [2]
    assert [(f["source-id"], f["field-id"]) for f in made["partition-specs"][0]["fields"]] == [
        (2, 1000),
        (1, 1001),
    ]
    assert made["last-partition-id"] == 1001
    assert made["sort-orders"][0]["order-id"] == 1
    assert made["default-sort-order-id"] == 1
    assert made["sort-orders"][0]["fields"][0]["source-id"] == 2


def test_reserved_properties_are_not_stored() -> None:
    made = table(properties={"uuid": "x", "current-schema": "{}", "owner": "me"})
    assert made["properties"] == {"write.parquet.compression-codec": "zstd", "owner": "me"}


def test_a_requested_codec_wins_over_the_default() -> None:
    made = table(properties={"write.parquet.compression-codec": "snappy"})
    assert made["properties"]["write.parquet.compression-codec"] == "snappy"


def test_types_are_stored_in_their_canonical_spelling() -> None:
    made = table(schema=schema(field(1, "a", "DECIMAL( 9,2 )"), field(2, "b", "fixed[ 16 ]")))
    assert [f["type"] for f in made["schemas"][0]["fields"]] == ["decimal(9, 2)", "fixed[16]"]


def test_defaults_are_kept_in_v3() -> None:
    columns = schema(field(1, "a", "long", **{"initial-default": 5, "write-default": 6}))
    assert table(3, schema=columns)["schemas"][0]["fields"][0]["initial-default"] == 5


def test_members_we_do_not_know_survive() -> None:
    columns = schema(field(1, "a", "long", comment="mine"), origin="engine")
    made = table(schema=columns)["schemas"][0]
    assert made["origin"] == "engine"
    assert made["fields"][0]["comment"] == "mine"


@pytest.mark.parametrize(
    "data_type",
    [
        "timestamp_ns",
        "timestamptz_ns",
        "unknown",
        "variant",
        "geometry",
        "geography(EPSG:4326, karney)",
    ],
)
def test_newer_types_need_v3(data_type: str) -> None:
    columns = schema(field(1, "x", data_type))
    name = data_type.partition("(")[0]
    with pytest.raises(ValidationFailed) as failure:
        table(2, schema=columns)
    problem = f"Invalid type for x: {name} is not supported until v3"
    assert failure.value.message == f"Invalid schema for v2:\n- {problem}"
    assert table(3, schema=columns)["schemas"][0]["fields"][0]["type"] == data_type


def test_initial_defaults_need_v3() -> None:
    with pytest.raises(ValidationFailed, match="non-null default"):
        table(2, schema=schema(field(1, "x", "long", **{"initial-default": 1})))


LIST = {"type": "list", "element-id": 9, "element-required": True, "element": "string"}


@pytest.mark.parametrize(
    ("fields", "identifier", "message"),
    [
        ([field(1, "a")], 2, "field does not exist"),
        ([field(1, "a")], 1, "not a required field"),
        ([field(1, "a", "double", required=True)], 1, "must not be float or double"),
        ([field(1, "a", struct(field(2, "b")), required=True)], 1, "not a primitive"),
        ([field(1, "a", struct(field(2, "b", required=True)))], 2, "nested in an optional field"),
        ([field(1, "a", LIST, required=True)], 9, "must not be nested in a"),
    ],
)
def test_an_identifier_field_must_be_a_required_primitive(
    fields: list[Any], identifier: int, message: str
) -> None:
    with pytest.raises(ValidationFailed, match=message):
        table(schema=schema(*fields, **{"identifier-field-ids": [identifier]}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": None}, "schema must be an object"),
        ({"schema": {"type": "struct"}}, "schema.fields must be an array"),
        ({"schema": schema({"id": 1})}, r"schema.fields\[0\].name must be a string"),
        ({"schema": schema(field(1, "a", "integer"))}, r"fields\[0\].type is not a type: integer"),
        ({"schema": schema(field(1, "a", "decimal(39, 2)"))}, "is not a type"),
        ({"schema": schema(field(1, "a", {"type": "set"}))}, "must be struct, list or map"),
        ({"schema": schema(field(1, "a"), field(1, "b"))}, "uses field id 1 more than once"),
        ({"schema": schema(field(1, "a"), field(2, "a"))}, "uses the name a more than once"),
        ({"schema": schema(field(2**31, "a"))}, "at most 32 bits"),
        ({"partition-spec": {}}, "partition-spec.fields must be an array"),
        ({"partition-spec": spec(("a", "identity", 9))}, "Cannot find source column"),
        ({"partition-spec": spec(("a", "hash[3]", 1))}, "is not a known transform"),
        ({"partition-spec": spec(("a", "hour", 1))}, "Invalid source type long"),
        ({"partition-spec": spec(("data", "bucket[2]", 1))}, "sourced from different field"),
        ({"write-order": order(("identity", 9))}, "Cannot find source column for sort field"),
        ({"properties": {"a": 1}}, "properties.a must be a string"),
        (
            {"properties": {"write.metadata.metrics.column.nope": "full"}},
            "could not find column nope",
        ),
        ({"properties": {"commit.retry.num-retries": "many"}}, "must have integer value"),
        ({"properties": {"commit.retry.num-retries": "-1"}}, "non negative integer"),
        ({"properties": {"encryption.key-id": "k"}}, "Invalid properties for v2"),
    ],
)
def test_a_create_request_that_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        table(**change)


def test_metrics_may_name_a_nested_column_by_its_short_name() -> None:
    points = {"type": "list", "element-id": 2, "element-required": False, "element": POINT}
    properties = {"write.metadata.metrics.column.points.x": "full"}
    made = table(schema=schema(field(1, "points", points)), properties=properties)
    assert made["properties"].items() >= properties.items()


def test_an_encryption_key_id_is_allowed_in_v3() -> None:
    assert table(3, properties={"encryption.key-id": "k"})["properties"]["encryption.key-id"] == "k"


def test_a_schema_nested_without_end_is_refused() -> None:
    deep: Any = "long"
    for number in range(150, 2, -1):
        deep = struct(field(number, "f", deep))
    with pytest.raises(BadRequest, match="levels deep"):
        table(schema=schema(field(1, "a", deep)))
