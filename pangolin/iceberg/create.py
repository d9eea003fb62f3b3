"""Metadata of a new table from a create request (REST spec, CreateTableRequest)."""

from pangolin.errors import ValidationFailed
from pangolin.iceberg import fresh_ids, json_shape, partitions, properties, schemas, sorting
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import FIRST_PARTITION_ID, empty_draft
from pangolin.iceberg.schemas import Columns
from pangolin.iceberg.table import build, check_version

# Defaults that the table spec leaves open; the reference implementation sets them for new tables.
_NEW_TABLE_DEFAULTS = {"write.parquet.compression-codec": "zstd"}


def new_table(request: Json, *, location: str, uuid: str, now_ms: int) -> Json:
    """The metadata a create request asks for; nothing is written.

    Field ids are reassigned from 1 and partition field ids from 1000; the spec and the order are
    bound to the new ids. `location` is the table's, without a trailing slash. Raises BadRequest
    naming the member that is wrong, ValidationFailed for a rule of the table format.
    """
    json_shape.check_depth(request, "the request")
    asked = _properties(request)
    version = properties.integer_property(asked, properties.FORMAT_VERSION, 2)
    builder = empty_draft(check_version(version, "properties.format-version"), now_ms)
    schema, renumbered = fresh_ids.reassign(schemas.parse_schema(request.get("schema"), "schema"))
    columns = schemas.index(schema)
    schemas.check_version(columns, version)
    kept = {name: value for name, value in asked.items() if name not in properties.RESERVED}
    properties.check_new(kept, columns, version)
    spec = _spec(request, renumbered, columns)
    order = _order(request, renumbered, columns)
    builder.document.update(
        {
            "location": location,
            "last-column-id": columns.highest(),
            "schemas": [{**schema, "schema-id": 0}],
            "partition-specs": [spec],
            "last-partition-id": FIRST_PARTITION_ID - 1 + len(spec["fields"]),
            "default-sort-order-id": order["order-id"],
            "sort-orders": [order],
            "properties": {**_NEW_TABLE_DEFAULTS, **kept},
        }
    )
    return build(builder, None, uuid)


def _properties(request: Json) -> dict[str, str]:
    missing = request.get("properties") is None
    return {} if missing else json_shape.string_map(request, "properties", "")


def _spec(request: Json, renumbered: dict[int, int], columns: Columns) -> Json:
    asked = request.get("partition-spec")
    spec = partitions.parse_spec({"fields": []} if asked is None else asked, "partition-spec")
    fields = [
        {**field, "source-id": source, "field-id": FIRST_PARTITION_ID + i}
        for i, (field, source) in enumerate(_bound(spec, renumbered, "partition"))
    ]
    bound = {**spec, "spec-id": 0, "fields": fields}
    partitions.check_names(bound, columns)
    partitions.check_sources(bound, columns)
    return bound


def _order(request: Json, renumbered: dict[int, int], columns: Columns) -> Json:
    asked = request.get("write-order")
    order = sorting.parse_order({"fields": []} if asked is None else asked, "write-order")
    fields = [{**f, "source-id": source} for f, source in _bound(order, renumbered, "sort")]
    bound = {**order, "order-id": 1 if fields else 0, "fields": fields}
    sorting.check_sources(bound, columns)
    return bound


def _bound(doc: Json, renumbered: dict[int, int], what: str) -> list[tuple[Json, int]]:
    for field in doc["fields"]:
        source = field["source-id"]
        if source not in renumbered:
            message = f"Cannot find source column for {what} field: {field['transform']}({source})"
            raise ValidationFailed(message)
    return [(field, renumbered[field["source-id"]]) for field in doc["fields"]]
