"""Old metadata files: deleted after a commit where the table's properties ask for it."""

import logging
from typing import Any

from pangolin.errors import PangolinError
from pangolin.iceberg.files import expired_metadata_files
from pangolin.iceberg.locations import parse_location
from pangolin.services import metadata
from pangolin.services.placement import own_directories
from pangolin.services.places import Place
from pangolin.services.scope import Scope
from pangolin.store.api import Doc
from pangolin.store.kinds import ASSET, PAST_ASSET

log = logging.getLogger(__name__)
Metadata = dict[str, Any]
ENABLED = "write.metadata.delete-after-commit.enabled"


def after_commit(
    scope: Scope, place: Place, base: Metadata | None, new: Metadata | None, doc: Doc | None
) -> None:
    """Delete metadata files that left the log and that no ref points to; never raises."""
    if base is None or new is None or new is base or doc is None or "properties" not in new:
        return
    if new["properties"].get(ENABLED, "false").lower() != "true":
        return
    try:
        _delete(scope, place, base, new, str(doc["id"]))
    except PangolinError as error:
        log.warning("old metadata of %s left behind: %s", doc["location"], error)


def _delete(scope: Scope, place: Place, base: Metadata, new: Metadata, asset: str) -> None:
    pointed = pointers(scope, asset)
    own = own_directories(new)
    # A registered table may list files that were never its own.
    expired = [
        path
        for path in expired_metadata_files(base, new)
        if path not in pointed and any(each.contains(parse_location(path)) for each in own)
    ]
    metadata.discard(scope, place, expired)


def pointers(scope: Scope, asset: str) -> set[str]:
    """List the metadata files that any ref, or a past that a fork may see, points to."""
    return {
        str(record.doc["metadata_location"])
        for kind in (ASSET, PAST_ASSET)
        for record in scope.store.scan(kind, (asset,), index="id")
        if record.doc.get("metadata_location")
    }
