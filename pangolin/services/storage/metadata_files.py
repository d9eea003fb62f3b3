"""Metadata files: reading, writing and caching their bytes, which answers never parse.

A metadata file never changes once written, so its bytes may be cached forever by its location.
"""

import gzip
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pangolin.errors import Forbidden, NotFound, Unavailable, ValidationFailed
from pangolin.iceberg.refs_only import only_refs
from pangolin.interfaces.object_storage import ObjectMissing, ObjectStore
from pangolin.services.context.context import Context
from pangolin.services.storage.byte_cache import METADATA, CacheKey
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.services.storage.warehouse_secrets import as_plugin
from pangolin.services.versioned.resolution import ResolvedRef

GZIP_ENDINGS = (".gz.metadata.json", ".metadata.json.gz")


def open_objects(ctx: Context, resolved: ResolvedRef) -> ObjectStore:
    """Open the object store of a ref's warehouse."""
    return ctx.runtime.part(OBJECTS).open(as_plugin(ctx.runtime, resolved.warehouse))


def read(ctx: Context, resolved: ResolvedRef, location: str) -> bytes:
    """Return a metadata file's JSON bytes; raise `NotFound` (in the reference's words)."""
    key = _key(ctx, resolved, location)
    cached = ctx.runtime.part(METADATA).get(key)
    if cached is not None:
        return cached
    try:
        data = open_objects(ctx, resolved).get(location)
    except ObjectMissing:
        raise NotFound(f"Failed to open input stream for file: {location}") from None
    data = _plain(location, data)
    ctx.runtime.part(METADATA).put(key, data)
    return data


def read_refs_only(ctx: Context, resolved: ResolvedRef, location: str) -> bytes:
    """Return the metadata with only the snapshots of branches and tags (`snapshots=refs`)."""

    def narrow() -> bytes:
        return orjson.dumps(only_refs(parse(read(ctx, resolved, location), location)))

    return derived(ctx, resolved, location, ("refs",), narrow)


def derived(
    ctx: Context,
    resolved: ResolvedRef,
    location: str,
    mark: tuple[str, ...],
    make: Callable[[], bytes],
) -> bytes:
    """Return cached bytes derived only from a metadata file and from `mark`."""
    key = (*_key(ctx, resolved, location), *mark)
    cached = ctx.runtime.part(METADATA).get(key)
    if cached is None:
        cached = make()
        ctx.runtime.part(METADATA).put(key, cached)
    return cached


def parse(data: bytes, location: str) -> dict[str, Any]:
    """Parse metadata JSON; raise `ValidationFailed` naming the file."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ValidationFailed(f"{location} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ValidationFailed(f"{location} is not a JSON object")
    return document


def dump(document: dict[str, Any]) -> bytes:
    """Serialise metadata for storage and for answers."""
    return orjson.dumps(document)


def write(ctx: Context, resolved: ResolvedRef, location: str, data: bytes) -> None:
    """Write a new metadata file; its name is unique, so nothing is ever overwritten.

    Raises `Unavailable`, also if the store denies access: the client did not choose the location.
    """
    stored = gzip.compress(data, 6) if location.endswith(GZIP_ENDINGS) else data
    try:
        open_objects(ctx, resolved).put(location, stored)
    except Forbidden as error:
        raise Unavailable(f"the metadata file cannot be written: {error.message}") from error


def remember(ctx: Context, resolved: ResolvedRef, location: str, data: bytes) -> None:
    """Cache the bytes of a file that was just committed."""
    ctx.runtime.part(METADATA).put(_key(ctx, resolved, location), data)


def discard(ctx: Context, resolved: ResolvedRef, locations: Sequence[str]) -> None:
    """Delete metadata files and forget them."""
    for location in locations:
        ctx.runtime.part(METADATA).drop(_key(ctx, resolved, location))
    if locations:
        open_objects(ctx, resolved).delete(list(locations))


def _key(ctx: Context, resolved: ResolvedRef, location: str) -> CacheKey:
    # Two tenants may use one bucket with different rights.
    return (ctx.tenant, str(resolved.warehouse.doc["id"]), location)


def _plain(location: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError) as error:
        raise ValidationFailed(f"{location} is not valid gzip: {error}") from None
