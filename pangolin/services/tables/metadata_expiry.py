"""Deleting old metadata files after a commit where the table's properties ask for it.

A client may delete them too: PyIceberg deletes what leaves the metadata log, and knows only its own
ref. So a file that another ref or a past version points to must not get into the log.
"""

import logging
from collections.abc import Collection
from typing import Any

from pangolin.errors import PangolinError
from pangolin.iceberg.files import expired_metadata_files
from pangolin.iceberg.history import spare
from pangolin.services.context.context import Context
from pangolin.services.storage import metadata_files
from pangolin.services.storage.location_claims import is_own, own_directories
from pangolin.services.versioned import entries
from pangolin.services.versioned.entries import Entry
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Key
from pangolin.store.documents import AssetDoc
from pangolin.store.kinds import ASSET, PAST_ASSET

log = logging.getLogger(__name__)
Metadata = dict[str, Any]
ENABLED = "write.metadata.delete-after-commit.enabled"


def logged(ctx: Context, resolved: ResolvedRef, entry: Entry[AssetDoc]) -> str | None:
    """Return the file that an entry's next metadata may log: its current one, unless shared."""
    if entry.doc is None or is_shared(resolved, entry):
        return None
    location = str(entry.doc["metadata_location"])
    # A registered file may be any file, including one that a branch or tag shows.
    if entry.doc.get("foreign") and location in pointers(ctx, entry.doc["id"], _own(entry)):
        return None
    return location


def is_shared(resolved: ResolvedRef, entry: Entry[AssetDoc]) -> bool:
    """Return whether another ref or a past version keeps pointing to an entry's metadata file."""
    return entries.is_shared(resolved, entry) or bool(entry.doc and entry.doc.get("shared"))


def spared(ctx: Context, entry: Entry[AssetDoc], base: Metadata | None, new: Metadata) -> Metadata:
    """Return new metadata whose log does not make a client delete files that others point to.

    Only a table whose clients may delete is treated: it costs two queries.
    """
    if base is None or entry.doc is None or not _may_delete(new):
        return new
    return spare(base, new, pointers(ctx, str(entry.doc["id"]), _own(entry)))


def _may_delete(new: Metadata) -> bool:
    # PyIceberg accepts more words for true than the reference does, such as "1" and "yes".
    return str(new["properties"].get(ENABLED, "false")).strip().lower() != "false"


def after_commit(
    ctx: Context,
    resolved: ResolvedRef,
    base: Metadata | None,
    new: Metadata | None,
    doc: AssetDoc | None,
) -> None:
    """Delete metadata files that left the log and that no ref points to; log a failure."""
    if base is None or new is None or new is base or doc is None or "properties" not in new:
        return
    try:
        _delete(ctx, resolved, base, new, str(doc["id"]))
    except PangolinError as error:
        log.warning("old metadata of %s left behind: %s", doc["location"], error)


def _delete(ctx: Context, resolved: ResolvedRef, base: Metadata, new: Metadata, asset: str) -> None:
    expired = expired_metadata_files(base, new)
    if not expired:
        return
    pointed = pointers(ctx, asset)
    own = own_directories(new)
    # A registered table may list files that were never its own.
    gone = [path for path in expired if path not in pointed and is_own(own, path)]
    metadata_files.discard(ctx, resolved, gone)


def pointers(
    ctx: Context, asset: str, without: Collection[tuple[str, Key]] = frozenset()
) -> set[str]:
    """List the metadata files that a ref, or a past version that a fork may see, points to.

    `without` lists entries to ignore, by the name of their kind and their key.
    """
    return {
        str(record.doc["metadata_location"])
        for kind in (ASSET, PAST_ASSET)
        for record in ctx.store.scan(kind, (asset,), index="id")
        if record.doc.get("metadata_location")
        and (kind.name, kind.key_of(record.doc)[1:]) not in without
    }


def _own(entry: Entry[AssetDoc]) -> Collection[tuple[str, Key]]:
    """Return the key of the record that a write is about to replace, whose file is ignored."""
    return [] if entry.own is None else [(ASSET.name, ASSET.key_of(entry.own.doc)[1:])]
