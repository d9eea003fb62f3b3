"""Catalogs."""

from typing import Any

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields

from pangolin.services.catalogs import catalogs, contents
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.fields import Deleting, Text, TextMap
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "catalogs",
    __name__,
    url_prefix="/api/v1/catalogs",
    description="Catalogs, each in a warehouse.",
)
TYPE = {"enum": ["Local", "Federated"], "description": "Federated catalogs are not supported yet."}


class FederatedConfig(Schema):
    """Where a federated catalog is."""

    properties = TextMap()


class Catalog(Schema):
    """A catalog."""

    id = Text(required=True)
    name = Text(required=True)
    catalog_type = Text(required=True)
    warehouse_name = Text(required=True)
    storage_location = Text(required=True)
    federated_config = fields.Nested(FederatedConfig, required=True, allow_none=True)
    properties = TextMap(required=True)


class CatalogChange(Schema):
    """What to change; a catalog moves only while it is empty."""

    name = Text(allow_none=True)
    catalog_type = Text(allow_none=True, metadata=TYPE)
    warehouse = Text(allow_none=True, metadata={"description": "The same as warehouse_name."})
    warehouse_name = Text(allow_none=True)
    storage_location = Text(allow_none=True)
    federated_config = fields.Nested(FederatedConfig, allow_none=True)
    properties = TextMap(allow_none=True)


class NewCatalog(CatalogChange):
    """A catalog to create; it is stored in `<warehouse>/<name>` by default."""

    name = Text(required=True)


class Summary(Schema):
    """What a catalog holds on `main`, and its refs."""

    name = Text(required=True)
    table_count = fields.Integer(required=True)
    view_count = fields.Integer(required=True)
    asset_count = fields.Integer(required=True)
    namespace_count = fields.Integer(required=True)
    branch_count = fields.Integer(required=True)
    tag_count = fields.Integer(required=True)
    storage_location = Text(required=True)


class Node(Schema):
    """A namespace and those below it."""

    name = Text(required=True)
    full_path = fields.List(Text(), required=True)
    children = fields.List(fields.Nested(lambda: Node()), required=True)


class Tree(Schema):
    """All namespaces of a catalog."""

    root = fields.List(fields.Nested(Node), required=True)


@blp.route("")
class Catalogs(MethodView):
    """The tenant's catalogs."""

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, Catalog(many=True), headers=LINK)
    def get(self, asked: Json) -> tuple[Rows, dict[str, str]]:
        """List catalogs in name order."""
        ctx = current_context()
        return listed(lambda **page: catalogs.page(ctx, **page), asked)

    @blp.changing(406)
    @blp.arguments(NewCatalog)
    @blp.response(201, Catalog)
    def post(self, given: Json) -> Json:
        """Create a catalog with a branch `main` and a namespace `default`."""
        return catalogs.create(current_context(), given)


@blp.route("/<name>")
class OneCatalog(MethodView):
    """One catalog."""

    @blp.failures()
    @blp.response(200, Catalog)
    def get(self, name: str) -> Json:
        """Read a catalog."""
        return catalogs.get(current_context(), name)

    @blp.changing(406)
    @blp.arguments(CatalogChange)
    @blp.response(200, Catalog)
    def put(self, given: Json, name: str) -> Json:
        """Rename a catalog, replace its properties, or move it while it is empty."""
        return catalogs.update(current_context(), name, given)

    @blp.changing(query=Deleting)
    @blp.arguments(Deleting, location="query", unknown=RAISE)
    @blp.response(204)
    def delete(self, asked: Json, name: str) -> None:
        """Delete a catalog, with `force` together with everything it holds; files stay."""
        catalogs.delete(current_context(), name, force=asked["force"])


@blp.route("/<name>/summary")
@blp.failures()
@blp.response(200, Summary)
def summary(name: str) -> Json:
    """Count what a catalog holds."""
    return contents.summary(current_context(), name)


@blp.route("/<name>/namespaces/tree")
@blp.failures()
@blp.response(200, Tree)
def tree(name: str) -> dict[str, Any]:
    """Show the namespaces of a catalog, or of `catalog@ref`, as a tree."""
    return contents.tree(current_context(), name)
