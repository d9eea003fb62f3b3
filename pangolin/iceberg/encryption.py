"""Encryption keys of a table: opaque to the catalog, kept by key id."""

import base64
import binascii

from pangolin.errors import BadRequest
from pangolin.iceberg import json_shape
from pangolin.iceberg.json_shape import Json
from pangolin.iceberg.metadata_builder import MetadataBuilder

_MEMBER = "encryption-keys"


def parse_key(value: object, where: str) -> Json:
    """An encryption key as JSON; the metadata must be base64 and is never put in a message."""
    key = json_shape.as_object(value, where)
    json_shape.string(key, "key-id", where)
    json_shape.optional_string(key, "encrypted-by-id", where)
    if key.get("properties") is not None:
        json_shape.string_map(key, "properties", where)
    try:
        base64.b64decode(json_shape.string(key, "encrypted-key-metadata", where), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest(f"{where}.encrypted-key-metadata must be base64") from None
    return key


def add_key(builder: MetadataBuilder, update: Json, where: str) -> None:
    """add-encryption-key: nothing happens when the key id is known."""
    key = parse_key(update.get("encryption-key"), f"{where}.encryption-key")
    known = builder.document[_MEMBER]
    if all(other["key-id"] != key["key-id"] for other in known):
        builder.put(_MEMBER, [*known, key])


def remove_key(builder: MetadataBuilder, update: Json, where: str) -> None:
    """remove-encryption-key: nothing happens when the key id is unknown."""
    key_id = json_shape.string(update, "key-id", where)
    known = builder.document[_MEMBER]
    kept = [key for key in known if key["key-id"] != key_id]
    if len(kept) != len(known):
        builder.put(_MEMBER, kept)
