"""Documents: what a record looks like in its collection.

    {_id: <digest of kind and key>, tenant: "…", namespace: "…", name: "…",   key and index fields
     version: 123, doc: {…}}

Key and index fields are fields, so that an operator can query them and so that indexes and shard
keys can be made of them. `doc` is the whole record: embedded, or JSON text where MongoDB could not
return it unchanged (see `embeddable`). A field of a kind that has the name of one of the
store's own gets an underscore.

`_id` is 16 bytes of BLAKE2 over the kind and the key, not the key itself: the key is stored once,
`_id` stays small whatever the key, one `$in` reads any number of keys, and equal keys have equal
`_id` on whichever shard. It carries no order; the index `by_key` does. An embedded document as
`_id` would hold every key twice, or hide its fields from indexes; an array is not allowed there.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import bson
import orjson
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64

from pangolin.plugin import BadRequest, Doc, Key, Kind, Record, Version

Stored = dict[str, Any]
OWN = frozenset({"_id", "version", "doc", "shared", "touched"})
LARGEST = 16 * 2**20 - 2**16
EMBEDDED_BYTES = 64 * 2**10
EMBEDDED_DEPTH = 90
# A name that begins with a dollar sign may be an operator, and to the driver a reference.
DOLLAR_NAME = re.compile(rb'"\$(?:[^"\\]|\\.)*":')
BODY = {"version": 1, "doc": 1}


class PlainInteger(TypeDecoder):
    """Read 64-bit integers as `int`, not as the driver's subclass."""

    bson_type = Int64

    def transform_bson(self, value: Any) -> int:
        """Return the plain value."""
        return int(value)


CODEC: CodecOptions[Stored] = CodecOptions(type_registry=TypeRegistry([PlainInteger()]))


def field(name: str) -> str:
    """Return the name under which a kind's field is stored."""
    return f"{name}_" if name in OWN else name


def identity(kind: Kind, key: Key) -> bytes:
    """Return the digest of a kind and a checked key."""
    return blake2b(orjson.dumps([kind.name, *key]), digest_size=16).digest()


def at(kind: Kind, key: Key) -> Stored:
    """Make the filter that finds one record; the key fields tell a router which shard."""
    return {"_id": identity(kind, key), **dict(zip(map(field, kind.key), key, strict=True))}


def columns(kind: Kind, doc: Mapping[str, Any]) -> Stored:
    """Read a document's key and index fields, checked, without those that are None."""
    row = zip(kind.columns(), kind.row_of(doc), strict=True)
    return {field(name): value for name, value in row if value is not None}


def to_stored(kind: Kind, doc: Doc, version: Version) -> Stored:
    """Make the stored form; raise `BadRequest` if it is not JSON, or too large."""
    fields = columns(kind, doc)
    key = identity(kind, kind.key_of(doc))
    return {"_id": key, **fields, "version": version, "doc": to_body(kind, doc)}


def to_body(kind: Kind, doc: Doc) -> Stored | str:
    """Make the value of `doc`."""
    try:
        text = orjson.dumps(doc)
    except TypeError as error:
        raise BadRequest(f"a {kind.name} must be a JSON document: {error}") from error
    if len(text) > LARGEST:
        limit = f"{LARGEST} bytes, the most a MongoDB document can hold"
        raise BadRequest(f"a {kind.name} of {len(text)} bytes is larger than {limit}")
    return embeddable(text) or text.decode()


def embeddable(text: bytes) -> Stored | None:
    """Parse JSON if MongoDB can hold it unchanged: small, not deep, plain names and numbers."""
    if len(text) > EMBEDDED_BYTES or DOLLAR_NAME.search(text):
        return None
    doc: Stored = orjson.loads(text)
    try:
        bson.encode(doc)
    except (OverflowError, bson.errors.BSONError):
        return None
    many = text.count(b"{") + text.count(b"[") > EMBEDDED_DEPTH
    return None if many and _depth(doc) > EMBEDDED_DEPTH else doc


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)


def to_record(stored: Stored) -> Record:
    """Read a record from its stored form."""
    return Record(to_doc(stored["doc"]), stored["version"])


def to_doc(body: Stored | str) -> Doc:
    """Read the value of `doc`."""
    doc: Doc = orjson.loads(body) if isinstance(body, str) else body
    return doc
