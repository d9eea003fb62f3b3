"""Deleting a dropped table's files, except those that another ref reaches.

A drop with purge puts a trash record in its own batch, so that a crash loses nothing. The files are
deleted right after it, or, if another ref still shows the table, by `pangolin gc` once none does.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from pangolin.errors import NotFound, PangolinError, Unavailable
from pangolin.iceberg.files import referenced_files
from pangolin.services.context.context import Context
from pangolin.services.storage import location_claims
from pangolin.services.storage.manifests import OnMissing, data_files
from pangolin.services.tables.disposal import Disposal
from pangolin.services.versioned.resolution import resolve
from pangolin.store.api import ABSENT, Change, Delete, Put
from pangolin.store.documents import AssetDoc, TrashDoc
from pangolin.store.kinds import CLAIM, TRASH

log = logging.getLogger(__name__)
BATCH = 500


def trash(doc: AssetDoc, now_ms: int, trash_id: str | None = None) -> TrashDoc:
    """Build the record of an entry's files to delete."""
    return {
        "catalog": doc["catalog"],
        "id": trash_id or str(uuid4()),
        "asset": doc["id"],
        "metadata_location": doc["metadata_location"],
        "dropped_at_ms": now_ms,
    }


def remember(record: TrashDoc) -> Change:
    """Build the change that stores a trash record."""
    return Put(TRASH, record, ABSENT)


def try_now(ctx: Context, prefix: str, record: TrashDoc) -> None:
    """Purge right away; log a failure and leave the rest to gc."""
    try:
        resolved, _ = resolve(ctx, prefix)
        empty(Disposal(ctx, resolved), record)
    except PangolinError as error:
        log.warning("purge of %s is left to gc: %s", record["metadata_location"], error)


def empty(files: Disposal, record: TrashDoc) -> int:
    """Delete the unreachable files of a trash record; return how many.

    The record stays for a later run while another ref still shows the table.
    """
    pointers = files.pointers(record["asset"])
    kept = {path for location in pointers for path in _reached(files, location)}
    count = _delete(files, record["metadata_location"], kept)
    if not pointers and not files.run.dry_run:
        _forget(files.ctx, record)
    return count


def _forget(ctx: Context, record: TrashDoc) -> None:
    batch: list[Change] = [Delete(TRASH, (record["catalog"], record["id"]))]
    for claim in ctx.store.scan(CLAIM, (record["asset"],), index="asset"):
        batch.append(Delete(CLAIM, (claim.doc["location"],), claim.version))
    ctx.store.apply(*batch)


def _reached(files: Disposal, location: str) -> Iterator[str]:
    """List every file that a live pointer's metadata names, regardless of its properties.

    Raises `Unavailable` if any of them cannot be read: what it names must not be guessed.
    """
    document = files.document(location)
    yield location
    yield from (path for _, path in _named(files, document, on_missing=_refuse))


def _refuse(path: str, reason: str) -> None:
    raise Unavailable(f"nothing is purged: cannot read {path}, which a live table names: {reason}")


def _delete(files: Disposal, location: str, kept: set[str]) -> int:
    document = _document(files, location, expected=not kept)
    if document is None or _is_kept_view(document):
        return 0
    count = 0
    for batch in _batches(path for path in _files(files, document) if path not in kept):
        count += files.delete(batch)
        files.ctx.check_deadline()
    return count if location in kept else count + files.delete([location])


def _document(files: Disposal, location: str, *, expected: bool) -> dict[str, Any] | None:
    try:
        return files.document(location)
    except NotFound:
        # While other refs show the table, an earlier run has usually deleted it.
        level = logging.WARNING if expected else logging.DEBUG
        log.log(level, "cannot list the files of %s: it no longer exists", location)
        return None


def _is_kept_view(document: dict[str, Any]) -> bool:
    # In the reference, a dropped view without garbage collection can be registered again.
    return "view-uuid" in document and not _collects(document)


def _collects(document: dict[str, Any]) -> bool:
    return bool(document.get("properties", {}).get("gc.enabled", "true").lower() != "false")


def _files(files: Disposal, document: dict[str, Any]) -> Iterator[str]:
    """List the files of a table inside its own directories; data files only if `gc.enabled`."""
    own = location_claims.own_directories(document)
    # Files added from elsewhere (add_files) belong to another owner.
    yield from (path for path in _listed(files, document) if location_claims.is_own(own, path))


def _listed(files: Disposal, document: dict[str, Any]) -> Iterator[str]:
    collects = _collects(document)
    named = _named(files, document, on_missing=_missing)
    yield from (path for role, path in named if role != "file" or collects)


def _named(
    files: Disposal, document: dict[str, Any], *, on_missing: OnMissing
) -> Iterator[tuple[str, str]]:
    """Iterate over (role, path) of every file that metadata names, wherever it is stored."""
    named = referenced_files(document)
    yield from data_files(files.read, named.manifest_lists, named.manifests, on_missing=on_missing)
    others = (named.metadata_files, named.statistics, named.partition_statistics)
    for path in (*named.manifest_lists, *(path for paths in others for path in paths)):
        yield "metadata", path


def _missing(path: str, reason: str) -> None:
    log.warning("cannot read manifest %s: %s", path, reason)


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for path in dict.fromkeys(paths):
        batch.append(path)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
