"""Branches and tags of a catalog."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields

from pangolin.services.branches import management
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.fields import Text
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "branches", __name__, url_prefix="/api/v1/branches", description="Branches of a catalog."
)
tags = Blueprint("tags", __name__, url_prefix="/api/v1/tags", description="Tags of a catalog.")
BRANCH_TYPE = {"enum": ["ingest", "experimental"]}


class OfCatalog(Schema):
    """The catalog of a branch or tag."""

    catalog = Text(required=True)


class ListOfCatalog(Paging):
    """The catalog whose branches or tags to list, and which of them."""

    catalog = Text(required=True)


class Branch(Schema):
    """A branch; a commit to a table moves it without a commit id, so `head_commit_id` is null."""

    name = Text(required=True)
    head_commit_id = Text(required=True, allow_none=True)
    branch_type = Text(required=True)
    assets = fields.List(Text(), required=True)


class NewBranch(Schema):
    """A branch to fork from `from_branch` (`main`); the whole catalog is forked."""

    name = Text(required=True)
    catalog = Text(required=True)
    branch_type = Text(allow_none=True, metadata=BRANCH_TYPE)
    from_branch = Text(allow_none=True)
    assets = fields.List(
        Text(),
        allow_none=True,
        metadata={"maxItems": 0, "description": "Empty: single assets cannot be forked."},
    )


class Tag(Schema):
    """A tag: a catalog at one moment, read-only."""

    name = Text(required=True)
    commit_id = Text(required=True)


class NewTag(Schema):
    """A tag to create on `from_ref` (`main`), or on the ref or tag that `commit_id` names."""

    name = Text(required=True)
    catalog = Text(load_default="default")
    commit_id = Text(allow_none=True)
    from_ref = Text(allow_none=True)


@blp.route("")
class Branches(MethodView):
    """A catalog's branches."""

    @blp.failures()
    @blp.arguments(ListOfCatalog, location="query", unknown=RAISE)
    @blp.response(200, Branch(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List branches in name order."""
        ctx = current_context()
        return listed(lambda **page: management.list_branches(ctx, asked["catalog"], **page), asked)

    @blp.changing()
    @blp.arguments(NewBranch)
    @blp.response(201, Branch)
    def post(self, given: Json) -> Json:
        """Fork a branch, in constant time whatever the catalog holds."""
        return management.create_branch(current_context(), given)


@blp.route("/<name>")
class OneBranch(MethodView):
    """One branch."""

    @blp.failures()
    @blp.arguments(OfCatalog, location="query", unknown=RAISE)
    @blp.response(200, Branch)
    def get(self, asked: Json, name: str) -> Json:
        """Read a branch."""
        return management.get_branch(current_context(), asked["catalog"], name)

    @blp.changing(query=OfCatalog)
    @blp.arguments(OfCatalog, location="query", unknown=RAISE)
    @blp.response(204)
    def delete(self, asked: Json, name: str) -> None:
        """Delete a branch."""
        management.delete(current_context(), asked["catalog"], name, "branch")


@tags.route("")
class Tags(MethodView):
    """A catalog's tags."""

    @tags.failures()
    @tags.arguments(ListOfCatalog, location="query", unknown=RAISE)
    @tags.response(200, Tag(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List tags in name order."""
        ctx = current_context()
        return listed(lambda **page: management.list_tags(ctx, asked["catalog"], **page), asked)

    @tags.changing()
    @tags.arguments(NewTag)
    @tags.response(200, Tag)
    def post(self, given: Json) -> Json:
        """Tag a ref as it is now."""
        return management.create_tag(current_context(), given)


@tags.route("/<name>")
class OneTag(MethodView):
    """One tag."""

    @tags.changing(query=OfCatalog)
    @tags.arguments(OfCatalog, location="query", unknown=RAISE)
    @tags.response(204)
    def delete(self, asked: Json, name: str) -> None:
        """Delete a tag."""
        management.delete(current_context(), asked["catalog"], name, "tag")
