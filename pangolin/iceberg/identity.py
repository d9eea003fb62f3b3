"""A table's uuid, format version, location and properties: the updates that set them."""

import re

from pangolin.errors import BadRequest, ValidationFailed
from pangolin.iceberg import json_shape, properties
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder

SUPPORTED_VERSION = 3
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def uuid_of(doc: Json, name: str, where: str) -> str:
    """A uuid in its usual text form, as it was sent."""
    text = json_shape.string(doc, name, where)
    if not _UUID.fullmatch(text):
        raise BadRequest(f"{json_shape.path(where, name)} must be a uuid")
    return text


def location_of(doc: Json, name: str, where: str) -> str:
    """A location without trailing slashes, except those of `scheme://`."""
    location = json_shape.string(doc, name, where)
    while location.endswith("/") and not location.endswith("://"):
        location = location[:-1]
    if not location:
        raise BadRequest(f"{json_shape.path(where, name)} must not be empty")
    return location


def assign_uuid(builder: MetadataBuilder, update: Json, where: str) -> None:
    """assign-uuid: a new table takes any, an existing one only its own."""
    uuid = uuid_of(update, "uuid", where)
    known = builder.document.get("table-uuid")
    if known is not None and uuid.lower() == known.lower():
        return
    if known is not None and builder.base is not None:
        raise ValidationFailed("Cannot reassign uuid")
    builder.put("table-uuid", uuid)


def upgrade(builder: MetadataBuilder, update: Json, where: str) -> None:
    """upgrade-format-version: only upwards, and only to versions we write."""
    _upgrade(builder, json_shape.integer(update, "format-version", where))


def _upgrade(builder: MetadataBuilder, version: int) -> None:
    if version > SUPPORTED_VERSION:
        message = f"unsupported format version: v{version} (supported: v{SUPPORTED_VERSION})"
        raise ValidationFailed(f"Cannot upgrade table to {message}")
    if version < builder.version:
        raise ValidationFailed(f"Cannot downgrade v{builder.version} table to v{version}")
    if version > builder.version:
        builder.put("format-version", version)


def set_location(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-location: nothing moves; later metadata files are written below the new location."""
    location = location_of(update, "location", where)
    if location != builder.document.get("location"):
        builder.put("location", location)


def set_properties(builder: MetadataBuilder, update: Json, where: str) -> None:
    """set-properties: `format-version` is an upgrade and is not stored."""
    updates = properties.updates_of(update, where)
    if properties.FORMAT_VERSION in updates:
        _upgrade(builder, properties.integer_property(updates, properties.FORMAT_VERSION, 0))
        del updates[properties.FORMAT_VERSION]
    merged = {**builder.document["properties"], **updates}
    if merged != builder.document["properties"]:
        builder.put("properties", merged)


def remove_properties(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-properties: names that are not set are ignored."""
    removals = set(properties.removals_of(update, where))
    known = builder.document["properties"]
    kept = {name: value for name, value in known.items() if name not in removals}
    if len(kept) != len(known):
        builder.put("properties", kept)
