"""Staged metadata files: written before the batch, deleted if it definitely failed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pangolin.errors import CommitStateUnknown, OutcomeUnknown, PangolinError
from pangolin.services.context.context import Context
from pangolin.services.storage import metadata_files
from pangolin.services.versioned.resolution import ResolvedRef

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Staged:
    """The files that an attempt has written so far."""

    ctx: Context
    files: list[tuple[ResolvedRef, str, bytes]] = field(default_factory=list)

    def write(self, resolved: ResolvedRef, location: str, data: bytes) -> None:
        """Write a metadata file that no record points to yet."""
        # Recorded first: a write that failed half-way may have left a file too.
        self.files.append((resolved, location, data))
        metadata_files.write(self.ctx, resolved, location, data)

    def discard(self) -> None:
        """Delete what was written; a failure leaves an orphan and is logged."""
        for resolved, location, _ in self.files:
            try:
                metadata_files.discard(self.ctx, resolved, [location])
            except PangolinError as error:
                log.warning("left %s behind: %s", location, error)

    def keep(self) -> None:
        """Cache the bytes of files that are now committed."""
        for resolved, location, data in self.files:
            metadata_files.remember(self.ctx, resolved, location, data)


@contextmanager
def staged(ctx: Context) -> Iterator[Staged]:
    """Write metadata files inside; a definite failure deletes them, an unknown outcome keeps them.

    Raises `CommitStateUnknown` when a store lost its connection in the middle of the batch.
    """
    attempt = Staged(ctx)
    try:
        yield attempt
    except OutcomeUnknown as error:
        raise CommitStateUnknown(f"the commit may or may not have landed: {error}") from error
    except PangolinError:
        attempt.discard()
        raise
    except Exception as error:
        raise CommitStateUnknown("the commit failed unexpectedly") from error
    attempt.keep()
