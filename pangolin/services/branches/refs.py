"""Branches and tags: made, read and deleted in constant time, whatever the catalog holds.

A fork raises the source line's epoch by one and remembers (line, old epoch): three puts. Nothing
is copied; entries overwritten later keep their old version for whoever still looks (see `entries`).
"""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4, uuid5

from pangolin.errors import AlreadyExists, BadRequest, NoSuchRef, Unavailable
from pangolin.services.authz.access import require, require_fork, require_sight
from pangolin.services.changes import batch
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope
from pangolin.services.versioned.resolution import MAIN, Place, exists, find_catalog, locate
from pangolin.store.api import ABSENT, Change, Conflict, Delete, Doc, Put, Require
from pangolin.store.kinds import CATALOG, LINE, REF

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-/]{0,127}")
BRANCH_TYPES = ("ingest", "experimental")
COMMITS = UUID("6f1c9b0e-6a55-4f6e-9d53-1c5f8f1b8a10")
TRIES = 50


def main_changes(catalog_id: str, now_ms: int) -> list[Change]:
    """List the puts that give a new catalog its `main` branch."""
    line, ref = _new_branch(catalog_id, MAIN, "ingest", [], now_ms)
    return [Put(LINE, line, ABSENT), Put(REF, ref, ABSENT)]


def create_branch(
    scope: Scope,
    catalog: str,
    name: str,
    *,
    from_ref: str = MAIN,
    branch_type: str = "experimental",
) -> Doc:
    """Fork a branch; raise `AlreadyExists`, `NoSuchRef`, or `BadRequest` for a bad name or type."""
    if branch_type not in BRANCH_TYPES:
        raise BadRequest(f"branch_type must be one of {', '.join(BRANCH_TYPES)}")

    def fork(place: Place) -> tuple[list[Change], Doc]:
        base = _frozen(place)
        line, ref = _new_branch(place.catalog_id, name, branch_type, base, scope.now())
        return [Put(LINE, line, ABSENT), Put(REF, ref, ABSENT)], ref

    return _fork(scope, catalog, name, from_ref, fork, f"{branch_type}-branching")


def create_tag(scope: Scope, catalog: str, name: str, *, from_ref: str = MAIN) -> Doc:
    """Tag a ref as it is now; raises as `create_branch`."""

    def fork(place: Place) -> tuple[list[Change], Doc]:
        (line, epoch), *bases = _frozen(place)
        ref = {
            "catalog": place.catalog_id,
            "name": name,
            "type": "tag",
            "line": line,
            "epoch": epoch,
            "bases": bases,
            "commit_id": str(uuid5(COMMITS, f"{line}:{epoch}")),
            "created_at_ms": scope.now(),
        }
        return [Put(REF, ref, ABSENT)], ref

    return _fork(scope, catalog, name, from_ref, fork, "create")


def list_refs(
    scope: Scope,
    catalog: str,
    type: str,  # noqa: A002 - the record field's name
    *,
    limit: int = 100,
    after: str | None = None,
) -> tuple[list[Doc], str | None]:
    """List a catalog's branches or tags in name order, and the `after` of the next page."""
    require_sight(scope, "list", Resource("catalog", (catalog,)))
    catalog_id = find_catalog(scope, catalog).doc["id"]
    page = scope.store.page(
        REF,
        (catalog_id, type),
        index="type",
        after=None if after is None else (after,),
        limit=limit,
    )
    return [record.doc for record in page.records], str(page.after[-1]) if page.after else None


def get_ref(
    scope: Scope,
    catalog: str,
    name: str,
    type: str | None = None,  # noqa: A002 - the record field's name
) -> Doc:
    """Read a ref, of one type if given; raise `NoSuchRef`."""
    require_sight(scope, "read", Resource("catalog", (catalog,)))
    record = scope.store.get(REF, (find_catalog(scope, catalog).doc["id"], name))
    if record is None or type not in (None, record.doc["type"]):
        raise NoSuchRef(f"{(type or 'ref').capitalize()} does not exist: {name}")
    return record.doc


def delete_ref(
    scope: Scope,
    catalog: str,
    name: str,
    type: str,  # noqa: A002 - the record field's name
) -> None:
    """Delete a branch or a tag; what only it could reach is left to `gc`.

    Deleting a branch deletes its line's record, so a commit on its way to it fails.
    """
    require(scope, "delete", Resource(type, (catalog, name)))
    if name == MAIN:
        raise BadRequest("main cannot be deleted: it is the catalog's default branch")
    catalog_id = find_catalog(scope, catalog).doc["id"]
    record = scope.store.get(REF, (catalog_id, name))
    if record is None or record.doc["type"] != type:
        raise NoSuchRef(f"{type.capitalize()} does not exist: {name}")
    changes: list[Change] = [Delete(REF, (catalog_id, name), record.version)]
    if type == "branch":
        changes.append(Delete(LINE, (catalog_id, record.doc["line"])))
    try:
        what = Resource(type, (catalog, name))
        batch.commit(scope, f"delete_{type}", what, changes, before=record.doc)
    except Conflict:
        raise NoSuchRef(f"{type.capitalize()} does not exist: {name}") from None


def _fork(
    scope: Scope,
    catalog: str,
    name: str,
    from_ref: str,
    fork: Callable[[Place], tuple[list[Change], Doc]],
    action: str,
) -> Doc:
    require_fork(scope, action, catalog, from_ref, name)
    if not NAME.fullmatch(name):
        raise BadRequest(f"name must be letters, digits, and _ . - / (at most 128), not {name!r}")
    for _ in range(TRIES):
        scope.check_deadline()
        place, _rows = locate(scope, f"{catalog}@{from_ref}")
        if exists(scope, place.catalog_id, name):
            raise AlreadyExists(f"Branch or tag already exists: {name}")
        puts, ref = fork(place)
        # A fork of a tag touches no line, so the catalog itself must be seen to be still there.
        still = Require(CATALOG, (place.catalog.doc["name"],), place.catalog.version)
        changes = [still, _freeze(place), *puts]
        try:
            what = Resource(ref["type"], (catalog, name))
            batch.commit(scope, f"create_{ref['type']}", what, changes, after=ref)
        except Conflict:
            continue
        return ref
    raise Unavailable(f"too many forks of {from_ref} at once; try again")


def _frozen(place: Place) -> list[list[Any]]:
    """List the bases of a fork made at a place now."""
    (line, epoch), *rest = place.chain
    now = place.branch_line().doc["epoch"] if epoch is None else epoch
    return [[line, now], *([line_id, at] for line_id, at in rest)]


def _freeze(place: Place) -> Change:
    # A tag's point is frozen already; it need only still be there.
    if place.is_tag:
        key = (place.catalog_id, place.ref.doc["name"])
        return Require(REF, key, place.ref.version)
    line = place.branch_line()
    return Put(LINE, line.doc | {"epoch": line.doc["epoch"] + 1}, line.version)


def _new_branch(
    catalog_id: str, name: str, branch_type: str, bases: list[list[Any]], now_ms: int
) -> tuple[Doc, Doc]:
    line = {"catalog": catalog_id, "id": str(uuid4()), "epoch": 0}
    ref = {
        "catalog": catalog_id,
        "name": name,
        "type": "branch",
        "branch_type": branch_type,
        "line": line["id"],
        "bases": bases,
        "created_at_ms": now_ms,
    }
    return line, ref
