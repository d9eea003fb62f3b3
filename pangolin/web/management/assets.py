"""Generic assets: pointers to assets of other formats."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from pangolin.services.assets import assets
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.business_metadata import BusinessMetadata
from pangolin.web.management.fields import Text, TextMap
from pangolin.web.management.openapi import Blueprint
from pangolin.web.management.paging import LINK, Paging, Rows, listed

blp = Blueprint(
    "assets",
    __name__,
    url_prefix="/api/v1",
    description="Assets of other formats that a catalog points to.",
)


class Asset(Schema):
    """An asset."""

    id = Text(required=True)
    name = Text(required=True)
    kind = Text(required=True)
    location = Text(required=True)
    properties = TextMap(required=True)


class NewAsset(Schema):
    """An asset to register."""

    name = Text(required=True)
    kind = Text(required=True, validate=validate.OneOf(assets.KINDS))
    location = Text(required=True, metadata={"description": "Where it is; any URI or path."})
    properties = TextMap(allow_none=True)


class Identifier(Schema):
    """A namespace and a name."""

    namespace = fields.List(Text(), required=True)
    name = Text(required=True)


class AssetRow(Schema):
    """An asset as listed."""

    id = Text(required=True)
    name = Text(required=True)
    namespace = fields.List(Text(), required=True)
    kind = Text(required=True)
    identifier = fields.Nested(Identifier, required=True)


class FoundAsset(Schema):
    """An asset and where it is; `metadata` is what people wrote about it."""

    asset = fields.Nested(Asset, required=True)
    metadata = fields.Nested(BusinessMetadata, required=True, allow_none=True)
    catalog = Text(required=True)
    namespace = fields.List(Text(), required=True)


def levels_of(namespace: str) -> tuple[str, ...]:
    """Split a namespace on dots or, if it holds one, on U+001F, so that a level may hold dots."""
    return tuple(namespace.split("\x1f" if "\x1f" in namespace else "."))


@blp.route("/catalogs/<catalog>/namespaces/<namespace>/assets")
class Assets(MethodView):
    """What a namespace holds."""

    @blp.failures()
    @blp.arguments(Paging, location="query", unknown=RAISE)
    @blp.response(200, AssetRow(many=True), headers=LINK)
    def get(self, asked: Json, catalog: str, namespace: str) -> tuple[Rows, dict[str, str]]:
        """List assets, tables and views in name order; levels are joined by dots."""
        ctx, levels = current_context(), levels_of(namespace)
        return listed(lambda **page: assets.page(ctx, catalog, levels, **page), asked)

    @blp.changing()
    @blp.arguments(NewAsset)
    @blp.response(201, Asset)
    def post(self, given: Json, catalog: str, namespace: str) -> Json:
        """Register an asset."""
        return assets.register(current_context(), catalog, levels_of(namespace), given)


@blp.route("/catalogs/<catalog>/namespaces/<namespace>/assets/<name>")
class OneAsset(MethodView):
    """One asset by name."""

    @blp.failures()
    @blp.response(200, Asset)
    def get(self, catalog: str, namespace: str, name: str) -> Json:
        """Read an asset, a table or a view."""
        return assets.get(current_context(), catalog, levels_of(namespace), name)

    @blp.changing()
    @blp.response(204)
    def delete(self, catalog: str, namespace: str, name: str) -> None:
        """Remove an asset; what it points to stays."""
        assets.delete(current_context(), catalog, levels_of(namespace), name)


@blp.route("/assets/<asset_id>")
@blp.failures()
@blp.response(200, FoundAsset)
def by_id(asset_id: str) -> Json:
    """Find an asset by id, wherever it is."""
    return assets.by_id(current_context(), asset_id)
