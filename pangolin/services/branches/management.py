"""Branches and tags in the form of the management API; `refs` does the work."""

from collections.abc import Callable, Mapping
from typing import Any

from pangolin.errors import BadRequest, NoSuchRef
from pangolin.services.branches import refs
from pangolin.services.branches.refs import RefType
from pangolin.services.changes.idempotency import once
from pangolin.services.context.context import Context
from pangolin.services.context.json import Json
from pangolin.services.versioned.resolution import MAIN
from pangolin.store.documents import RefDoc


def create_branch(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Fork a branch from `from_branch`: `name`, `catalog`, `branch_type`.

    Raises `AlreadyExists`, `NoSuchCatalog`, `NoSuchRef`, and `BadRequest` for `assets`.
    """
    if fields.get("assets"):
        raise BadRequest("assets must be empty: a branch forks the whole catalog, in constant time")

    def work() -> Json:
        return branch(
            refs.create_branch(
                ctx,
                fields["catalog"],
                fields["name"],
                from_ref=fields.get("from_branch") or MAIN,
                branch_type=fields.get("branch_type") or "experimental",
            )
        )

    return once(ctx, work, _replay(ctx, fields, "branch", branch))


def create_tag(ctx: Context, fields: Mapping[str, Any]) -> Json:
    """Create a tag of `from_ref`, or of `commit_id`: a ref, or the commit id of another tag."""
    commit, source = fields.get("commit_id"), fields.get("from_ref")
    if commit and source:
        raise BadRequest("commit_id and from_ref both name what to tag; send one")

    def work() -> Json:
        catalog = fields["catalog"]
        target = _named_by(ctx, catalog, commit) if commit else source or MAIN
        return tag(refs.create_tag(ctx, catalog, fields["name"], from_ref=target))

    return once(ctx, work, _replay(ctx, fields, "tag", tag))


def list_branches(
    ctx: Context, catalog: str, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List a catalog's branches in name order, and the `after` of the next page."""
    docs, more = refs.list_refs(ctx, catalog, "branch", limit=limit, after=after)
    return [branch(doc) for doc in docs], more


def list_tags(
    ctx: Context, catalog: str, *, limit: int = 100, after: str | None = None
) -> tuple[list[Json], str | None]:
    """List a catalog's tags in name order, and the `after` of the next page."""
    docs, more = refs.list_refs(ctx, catalog, "tag", limit=limit, after=after)
    return [tag(doc) for doc in docs], more


def get_branch(ctx: Context, catalog: str, name: str) -> Json:
    """Read a branch; raise `NoSuchRef`."""
    return branch(refs.get_ref(ctx, catalog, name, "branch"))


def delete(ctx: Context, catalog: str, name: str, kind: RefType) -> None:
    """Delete a `branch` or a `tag`; raise `NoSuchRef`, or `BadRequest` for main."""
    once(ctx, lambda: refs.delete_ref(ctx, catalog, name, kind), lambda _: None)


def branch(doc: RefDoc) -> Json:
    """Return a branch as JSON; it moves with every commit to a table, so it has no commit id."""
    return {
        "name": doc["name"],
        "head_commit_id": doc.get("commit_id"),
        "branch_type": doc["branch_type"],
        "assets": [],
    }


def tag(doc: RefDoc) -> Json:
    """Return a tag as JSON."""
    return {"name": doc["name"], "commit_id": doc["commit_id"]}


def _replay(
    ctx: Context, fields: Mapping[str, Any], kind: str, show: Callable[[RefDoc], Json]
) -> Callable[[Any], Json]:
    return lambda _: show(refs.get_ref(ctx, fields["catalog"], fields["name"], kind))


def _named_by(ctx: Context, catalog: str, commit: str) -> str:
    after: str | None = None
    while True:
        tags, after = refs.list_refs(ctx, catalog, "tag", limit=500, after=after)
        for doc in tags:
            if doc["commit_id"] == commit:
                return str(doc["name"])
        if after is None:
            break
    try:
        return str(refs.get_ref(ctx, catalog, commit)["name"])
    except NoSuchRef:
        raise NoSuchRef(f"commit_id is neither a ref nor a tag's commit id: {commit}") from None
