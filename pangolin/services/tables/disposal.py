"""The files that a purge deletes, and the view of a run without them and without swept entries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pangolin.interfaces.object_storage import ObjectMissing
from pangolin.services.context.context import Context
from pangolin.services.storage import metadata_files
from pangolin.services.tables import metadata_expiry
from pangolin.services.versioned.resolution import ResolvedRef
from pangolin.store.api import Change, Delete, Key, Put
from pangolin.store.documents import TrashDoc
from pangolin.store.kinds import TRASH


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a purge or of gc has removed from a tenant.

    A dry run removes nothing, but continues as if it had, so that it counts what a real run would
    remove: `rows` are the entries that it spared, `trash` the records that it did not write. `gone`
    holds the warehouse and the location of every file.
    """

    dry_run: bool = False
    rows: set[tuple[str, Key]] = field(default_factory=set)
    trash: dict[Key, TrashDoc] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)

    def spare(self, batch: Sequence[Change]) -> None:
        """Record what a sweep would have written."""
        for change in batch:
            if isinstance(change, Delete):
                self.rows.add((change.kind.name, change.key))
            elif isinstance(change, Put) and change.kind is TRASH:
                self.trash[change.doc["catalog"], change.doc["id"]] = change.doc


@dataclass(frozen=True, slots=True)
class Disposal:
    """The files of one ref as a run sees them, without those it has deleted."""

    ctx: Context
    resolved: ResolvedRef
    run: Run = field(default_factory=Run)

    def pointers(self, asset: str) -> set[str]:
        """List the metadata files that a ref, or a past version that a fork may see, points to."""
        return metadata_expiry.pointers(self.ctx, asset, self.run.rows)

    def read(self, path: str) -> bytes:
        """Read a file; raise `NotFound` if it was deleted."""
        self._require(path)
        return metadata_files.open_objects(self.ctx, self.resolved).get(path)

    def document(self, location: str) -> dict[str, Any]:
        """Read a metadata file; raise `NotFound` if it was deleted."""
        self._require(location)
        return metadata_files.parse(
            metadata_files.read(self.ctx, self.resolved, location), location
        )

    def delete(self, paths: Sequence[str]) -> int:
        """Delete files; return how many had not been deleted before."""
        left = [path for path in paths if not self._is_gone(path)]
        if not self.run.dry_run:
            metadata_files.discard(self.ctx, self.resolved, left)
        self.run.gone.update(self._mark(path) for path in left)
        return len(left)

    def _require(self, path: str) -> None:
        if self._is_gone(path):
            raise ObjectMissing(f"{path} was deleted")

    def _is_gone(self, path: str) -> bool:
        return self._mark(path) in self.run.gone

    def _mark(self, path: str) -> tuple[str, str]:
        return str(self.resolved.warehouse.doc["id"]), path
