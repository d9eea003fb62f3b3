"""Branches and tags: creating, reading and deleting them in constant time.

A fork raises the source line's epoch by one and records (line, old epoch): three puts. Nothing is
copied; entries overwritten later keep their old version for the forks that see it (see `entries`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal
from uuid import UUID, uuid4, uuid5

from pangolin.errors import AlreadyExists, BadRequest, NoSuchRef, Unavailable
from pangolin.services.audit.records import AuditEvent
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import require, require_fork, require_sight
from pangolin.services.authz.actions import Action
from pangolin.services.changes import batch
from pangolin.services.changes.guards import hold_record
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.services.versioned.resolution import MAIN, ResolvedRef, exists, find_catalog, resolve
from pangolin.store.api import ABSENT, Change, Conflict, Delete, Put, Require
from pangolin.store.documents import LineDoc, RefDoc
from pangolin.store.kinds import CATALOG, LINE, REF

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-/]{0,127}")
RefType = Literal["branch", "tag"]
BRANCH_TYPES = ("ingest", "experimental")
BRANCHING: Final[Mapping[str, Action]] = {
    "ingest": "ingest-branching",
    "experimental": "experimental-branching",
}
COMMITS = UUID("6f1c9b0e-6a55-4f6e-9d53-1c5f8f1b8a10")
TRIES = 50


def main_changes(catalog_id: str, now_ms: int) -> list[Change]:
    """List the puts that create the `main` branch of a new catalog."""
    line, ref = _new_branch(catalog_id, MAIN, "ingest", [], now_ms)
    return [Put(LINE, line, ABSENT), Put(REF, ref, ABSENT)]


def create_branch(
    ctx: Context,
    catalog: str,
    name: str,
    *,
    from_ref: str = MAIN,
    branch_type: str = "experimental",
) -> RefDoc:
    """Fork a branch; raise `AlreadyExists`, `NoSuchRef`, or `BadRequest` for a bad name or type."""
    if branch_type not in BRANCH_TYPES:
        raise BadRequest(f"branch_type must be one of {', '.join(BRANCH_TYPES)}")

    def fork(resolved: ResolvedRef) -> tuple[list[Change], RefDoc]:
        base = _frozen(resolved)
        line, ref = _new_branch(resolved.catalog_id, name, branch_type, base, ctx.now())
        return [Put(LINE, line, ABSENT), Put(REF, ref, ABSENT)], ref

    return _fork(ctx, catalog, name, from_ref, fork, BRANCHING[branch_type])


def create_tag(ctx: Context, catalog: str, name: str, *, from_ref: str = MAIN) -> RefDoc:
    """Tag the current state of a ref; raise the errors of `create_branch`."""

    def fork(resolved: ResolvedRef) -> tuple[list[Change], RefDoc]:
        (line, epoch), *bases = _frozen(resolved)
        ref: RefDoc = {
            "catalog": resolved.catalog_id,
            "name": name,
            "type": "tag",
            "line": line,
            "epoch": epoch,
            "bases": bases,
            "commit_id": str(uuid5(COMMITS, f"{line}:{epoch}")),
            "created_at_ms": ctx.now(),
        }
        return [Put(REF, ref, ABSENT)], ref

    return _fork(ctx, catalog, name, from_ref, fork, "create")


def list_refs(
    ctx: Context,
    catalog: str,
    type: RefType,  # noqa: A002 - the record field's name
    *,
    limit: int = 100,
    after: str | None = None,
) -> tuple[list[RefDoc], str | None]:
    """List a catalog's branches or tags in name order, and the `after` of the next page."""
    require_sight(ctx, "list", Resource("catalog", (catalog,)))
    catalog_id = find_catalog(ctx, catalog).doc["id"]
    page = ctx.store.page(
        REF,
        (catalog_id, type),
        index="type",
        after=None if after is None else (after,),
        limit=limit,
    )
    return [record.doc for record in page.records], str(page.after[-1]) if page.after else None


def get_ref(
    ctx: Context,
    catalog: str,
    name: str,
    type: str | None = None,  # noqa: A002 - the record field's name
) -> RefDoc:
    """Read a ref, of one type if given; raise `NoSuchRef`."""
    require_sight(ctx, "read", Resource("catalog", (catalog,)))
    record = ctx.store.get(REF, (find_catalog(ctx, catalog).doc["id"], name))
    if record is None or type not in (None, record.doc["type"]):
        raise NoSuchRef(f"{(type or 'ref').capitalize()} does not exist: {name}")
    return record.doc


def delete_ref(
    ctx: Context,
    catalog: str,
    name: str,
    type: RefType,  # noqa: A002 - the record field's name
) -> None:
    """Delete a branch or a tag; `gc` removes what only it could reach.

    Deleting a branch deletes its line's record, so a concurrent commit to it fails.
    """
    require(ctx, "delete", Resource(type, (catalog, name)))
    if name == MAIN:
        raise BadRequest("main cannot be deleted: it is the catalog's default branch")
    catalog_id = find_catalog(ctx, catalog).doc["id"]
    record = ctx.store.get(REF, (catalog_id, name))
    if record is None or record.doc["type"] != type:
        raise NoSuchRef(f"{type.capitalize()} does not exist: {name}")
    changes: list[Change] = [Delete(REF, (catalog_id, name), record.version)]
    if type == "branch":
        changes.append(Delete(LINE, (catalog_id, record.doc["line"])))
    try:
        what = Resource(type, (catalog, name))
        batch.apply(
            ctx, changes, AuditEvent(AuditAction(f"delete_{type}"), what, before=record.doc)
        )
    except Conflict:
        raise NoSuchRef(f"{type.capitalize()} does not exist: {name}") from None


def _fork(
    ctx: Context,
    catalog: str,
    name: str,
    from_ref: str,
    fork: Callable[[ResolvedRef], tuple[list[Change], RefDoc]],
    action: Action,
) -> RefDoc:
    require_fork(ctx, action, catalog, from_ref, name)
    if not NAME.fullmatch(name):
        raise BadRequest(f"name must be letters, digits, and _ . - / (at most 128), not {name!r}")
    for _ in range(TRIES):
        ctx.check_deadline()
        resolved, _rows = resolve(ctx, f"{catalog}@{from_ref}")
        if exists(ctx, resolved.catalog_id, name):
            raise AlreadyExists(f"Branch or tag already exists: {name}")
        puts, ref = fork(resolved)
        # A fork of a tag touches no line, so the batch must check that the catalog still exists.
        still = hold_record(CATALOG, resolved.catalog)
        changes = [still, _freeze(resolved), *puts]
        try:
            what = Resource(ref["type"], (catalog, name))
            batch.apply(
                ctx, changes, AuditEvent(AuditAction(f"create_{ref['type']}"), what, after=ref)
            )
        except Conflict:
            continue
        return ref
    raise Unavailable(f"too many forks of {from_ref} at once; try again")


def _frozen(resolved: ResolvedRef) -> list[list[Any]]:
    """List the bases of a fork that is made of a ref now."""
    (line, epoch), *rest = resolved.lineage
    now = resolved.branch_line().doc["epoch"] if epoch is None else epoch
    return [[line, now], *([line_id, at] for line_id, at in rest)]


def _freeze(resolved: ResolvedRef) -> Change:
    # A tag is already frozen; it only has to exist still.
    if resolved.is_tag:
        key = (resolved.catalog_id, resolved.ref.doc["name"])
        return Require(REF, key, resolved.ref.version)
    line = resolved.branch_line()
    doc: LineDoc = line.doc | {"epoch": line.doc["epoch"] + 1}
    return Put(LINE, doc, line.version)


def _new_branch(
    catalog_id: str, name: str, branch_type: str, bases: list[list[Any]], now_ms: int
) -> tuple[LineDoc, RefDoc]:
    line: LineDoc = {"catalog": catalog_id, "id": str(uuid4()), "epoch": 0}
    ref: RefDoc = {
        "catalog": catalog_id,
        "name": name,
        "type": "branch",
        "branch_type": branch_type,
        "line": line["id"],
        "bases": bases,
        "created_at_ms": now_ms,
    }
    return line, ref
