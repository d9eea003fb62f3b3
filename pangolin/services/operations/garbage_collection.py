"""Garbage collection of what no ref can reach any more.

Safe beside a running server: rows are read first and refs after them, so a line that no ref reads
by then can never be read again, and a fork reads only the epoch at which it is created.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from pangolin.errors import PangolinError
from pangolin.interfaces.authentication import ROOT, Principal
from pangolin.services.assets import business_metadata
from pangolin.services.audit import retention
from pangolin.services.authn import signing_keys
from pangolin.services.context.context import Context
from pangolin.services.context.runtime import Runtime
from pangolin.services.tables import purging
from pangolin.services.tables.disposal import Disposal, Run
from pangolin.services.versioned.entries import ASSETS, NAMESPACES, EntryKind
from pangolin.services.versioned.resolution import MAIN, lineage_of, resolve
from pangolin.store.api import Change, Delete, Key, Kind, Put, Record
from pangolin.store.documents import TrashDoc
from pangolin.store.kinds import CATALOG, IDEMPOTENCY, LIMIT, LOGIN_STEP, REF, TENANT, TOKEN, TRASH

log = logging.getLogger(__name__)
DAY_MS = 86_400_000
BATCH = 100
EXPIRING: Final[tuple[Kind, ...]] = (TOKEN, LIMIT, LOGIN_STEP)
# The epochs at which each line is read; None stands for its current state.
Bounds = Mapping[str, set[int | None]]


@dataclass(slots=True)
class Report:
    """What a run removed (or, in a dry run, would remove)."""

    entries: int = 0
    past: int = 0
    files: int = 0
    expired: int = 0
    idempotency: int = 0
    audit: int = 0
    errors: list[str] = field(default_factory=list)


def collect(runtime: Runtime, *, dry_run: bool = False, files: bool = False) -> Report:
    """Collect garbage in every tenant.

    `files` also deletes the files of tables that only a deleted branch could reach.
    """
    report = Report()
    _expire_sessions(runtime, report, dry_run)
    report.audit = retention.expire(runtime, dry_run=dry_run)
    for tenant in runtime.store.scan(TENANT):
        ctx = _scope(runtime, str(tenant.doc["tenant"]))
        _expire_keys(ctx, report, dry_run)
        run = Run(dry_run)
        _Sweep(ctx, report, run, files).run()
        business_metadata.collect(ctx, dry_run=dry_run)
        _empty_trash(ctx, report, run)
    return report


def _scope(runtime: Runtime, tenant: str) -> Context:
    principal = Principal("gc", "gc", ROOT)
    return Context(principal, tenant, runtime, runtime.clock() + DAY_MS)


@dataclass(slots=True)
class _Sweep:
    ctx: Context
    report: Report
    done: Run
    files: bool

    def run(self) -> None:
        for entry_kind in (ASSETS, NAMESPACES):
            for catalog, rows in self._by_catalog(entry_kind):
                self._catalog(entry_kind, catalog, rows)

    def _by_catalog(self, entry_kind: EntryKind) -> Iterator[tuple[str, list[tuple[bool, Record]]]]:
        store = self.ctx.store
        found = [(True, row) for row in store.scan(entry_kind.past)]
        found += [(False, row) for row in store.scan(entry_kind.live)]
        found.sort(key=lambda pair: (pair[1].doc["catalog"], pair[1].doc["line"]))
        for catalog, same in groupby(found, key=lambda pair: str(pair[1].doc["catalog"])):
            yield catalog, list(same)

    def _catalog(
        self, entry_kind: EntryKind, catalog: str, rows: list[tuple[bool, Record]]
    ) -> None:
        exists = self.ctx.store.find(CATALOG, "id", (catalog,)) is not None
        bounds, based = _bounds(self.ctx, catalog) if exists else ({}, set[str]())
        for line, same in groupby(rows, key=lambda pair: str(pair[1].doc["line"])):
            read_at = bounds.get(line, set())
            batch: list[Change] = []
            masks = line in based
            for is_past, row in _unreachable(entry_kind, list(same), read_at, masks):
                batch += self._removal(entry_kind, is_past, row, keep_files=not exists)
                if is_past:
                    self.report.past += 1
                else:
                    self.report.entries += 1
            self._apply(batch)

    def _removal(
        self, entry_kind: EntryKind, is_past: bool, row: Record, keep_files: bool
    ) -> list[Change]:
        kind = entry_kind.past if is_past else entry_kind.live
        changes: list[Change] = [Delete(kind, kind.key_of(row.doc)[1:], row.version)]
        if self.files and not keep_files and _has_files(row.doc):
            # One for each version: a sweep that is run again must not remember it twice.
            version = f"{row.doc['id']}-{row.doc['line']}-{row.doc['epoch']}"
            trash = purging.trash(row.doc, self.ctx.now(), version)
            changes.append(Put(TRASH, trash))
        return changes

    def _apply(self, batch: list[Change]) -> None:
        if self.done.dry_run:
            self.done.spare(batch)
            return
        for at in range(0, len(batch), BATCH):
            try:
                self.ctx.store.apply(*batch[at : at + BATCH])
            except PangolinError as error:
                self.report.errors.append(str(error))


def _unreachable(
    entry_kind: EntryKind, rows: list[tuple[bool, Record]], read_at: set[int | None], masks: bool
) -> Iterator[tuple[bool, Record]]:
    rows = sorted(rows, key=lambda pair: (entry_kind.name_of(pair[1].doc), pair[1].doc["epoch"]))
    for _, same in groupby(rows, key=lambda pair: entry_kind.name_of(pair[1].doc)):
        versions = list(same)
        ends = [version.doc["epoch"] for _, version in versions[1:]] + [None]
        reached = [
            _is_read(version.doc["epoch"], end, read_at)
            for (_, version), end in zip(versions, ends, strict=True)
        ]
        yield from _removable(versions, reached, masks)


def _removable(
    versions: list[tuple[bool, Record]], reached: list[bool], masks: bool
) -> Iterator[tuple[bool, Record]]:
    """Iterate over rows to remove; a live row stays while it is read or a kept past needs it.

    A tombstone that hides nothing, in the past or in a base, is no longer needed.
    """
    keeps_past = any(hit for (is_past, _), hit in zip(versions, reached, strict=True) if is_past)
    for (is_past, row), hit in zip(versions, reached, strict=True):
        if is_past and not hit:
            yield is_past, row
        idle = bool(row.doc.get("dead")) and not masks
        if not is_past and not keeps_past and (idle or not hit):
            yield is_past, row


def _is_read(start: int, end: int | None, read_at: set[int | None]) -> bool:
    if end is None and None in read_at:
        return True
    bounds = [at for at in read_at if at is not None]
    return any(start <= at and (end is None or at < end) for at in bounds)


def _bounds(ctx: Context, catalog: str) -> tuple[Bounds, set[str]]:
    """Map each line to the epochs at which it is read; also return the lines that have bases."""
    bounds: dict[str, set[int | None]] = {}
    based: set[str] = set()
    for ref in ctx.store.scan(REF, (catalog,)):
        lineage = lineage_of(ref.doc)
        for at, (line, epoch) in enumerate(lineage):
            bounds.setdefault(line, set()).add(epoch)
            if at + 1 < len(lineage):
                based.add(line)
    return bounds, based


def _has_files(doc: Mapping[str, Any]) -> bool:
    return bool(doc.get("metadata_location")) and not doc.get("dead")


def _empty_trash(ctx: Context, report: Report, run: Run) -> None:
    for key, doc in _thrown_away(ctx, run):
        catalog = ctx.store.find(CATALOG, "id", (doc["catalog"],))
        if catalog is not None:
            _purge(ctx, str(catalog.doc["name"]), doc, report, run)
        elif not run.dry_run:
            # Its warehouse may be deleted too; the operator chose to leave the files.
            ctx.store.apply(Delete(TRASH, key))


def _thrown_away(ctx: Context, run: Run) -> list[tuple[Key, TrashDoc]]:
    found = {TRASH.key_of(record.doc)[1:]: record.doc for record in ctx.store.scan(TRASH)}
    # The order determines what can still be read, so a dry run keeps it.
    return sorted((found | run.trash).items(), key=lambda pair: pair[0])


def _purge(ctx: Context, catalog: str, doc: TrashDoc, report: Report, run: Run) -> None:
    try:
        resolved, _ = resolve(ctx, f"{catalog}@{MAIN}")
        report.files += purging.empty(Disposal(ctx, resolved, run), doc)
    except PangolinError as error:
        report.errors.append(f"{doc['metadata_location']}: {error}")


def _expire_keys(ctx: Context, report: Report, dry_run: bool) -> None:
    now = ctx.now()
    for record in list(ctx.store.scan(IDEMPOTENCY, (), index="expires")):
        if record.doc["expires_at_ms"] > now:
            return
        report.idempotency += 1
        if not dry_run:
            key = (record.doc["principal"], record.doc["token"])
            ctx.store.apply(Delete(IDEMPOTENCY, key))


def _expire_sessions(runtime: Runtime, report: Report, dry_run: bool) -> None:
    now = runtime.clock()
    for kind in EXPIRING:
        for record in list(runtime.store.scan(kind, (), index="expires")):
            if record.doc["expires_at_ms"] > now:
                break
            report.expired += 1
            if not dry_run:
                runtime.store.apply(Delete(kind, kind.key_of(record.doc)))
    report.expired += signing_keys.retire(runtime, dry_run=dry_run)
