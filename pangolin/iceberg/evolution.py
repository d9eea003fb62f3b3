"""The updates that change a table's schemas: add, set current, remove."""

from pangolin.errors import ValidationFailed
from pangolin.iceberg import json_shape, schemas
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder


def add_schema(builder: MetadataBuilder, update: Json, where: str) -> None:
    """add-schema: keep the field ids, choose the schema id, reuse the id of an equal schema."""
    schema = schemas.parse_schema(update.get("schema"), f"{where}.schema")
    columns = schemas.index(schema)
    schemas.check_version(columns, builder.version)
    known = builder.document["schemas"]
    found = next((s for s in known if schemas.same(s, schema)), None)
    if found is None:
        schema_id = schemas.next_id(known)
        known.append({**schema, "schema-id": schema_id})
        builder.changed = True
    else:
        schema_id = found.get("schema-id", 0)
    if columns.highest() > builder.document["last-column-id"]:
        builder.put("last-column-id", columns.highest())
    builder.added_schema = schema_id


def set_current_schema(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-current-schema: -1 is the schema this commit added last."""
    schema_id = json_shape.integer(update, "schema-id", where)
    if schema_id == -1:
        if builder.added_schema is None:
            raise ValidationFailed("Cannot set last added schema: no schema has been added")
        schema_id = builder.added_schema
    if schema_id == builder.document["current-schema-id"]:
        return
    schema = schemas.by_id(builder.document["schemas"], schema_id)
    if schema is None:
        raise ValidationFailed(f"Cannot set current schema to unknown schema: {schema_id}")
    _check_partition_names(builder, schema)
    builder.put("current-schema-id", schema_id)
    builder.touched_layout = True


def _check_partition_names(builder: MetadataBuilder, schema: Json) -> None:
    columns = schemas.index(schema)
    for field in (f for spec in builder.document["partition-specs"] for f in spec["fields"]):
        source = field.get("source-id")
        column = columns.named(field["name"])
        if column is not None and source in columns.by_id and column.id != source:
            message = "Cannot create identity partition sourced from different field in schema"
            raise ValidationFailed(f"{message}: {field['name']}")


def remove_schemas(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-schemas: unknown ids are ignored, the current schema must stay."""
    removed = set(json_shape.integers(update, "schema-ids", where))
    if builder.document["current-schema-id"] in removed:
        raise ValidationFailed("Cannot remove the current schema")
    known = builder.document["schemas"]
    kept = [schema for schema in known if schema.get("schema-id", 0) not in removed]
    if len(kept) != len(known):
        builder.put("schemas", kept)
