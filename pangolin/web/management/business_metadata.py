"""What people write about assets."""

from flask.views import MethodView
from marshmallow import Schema, fields

from pangolin.services.assets import business_metadata
from pangolin.services.context.json import Json
from pangolin.web.context import current_context
from pangolin.web.management.fields import Flag, Text
from pangolin.web.management.openapi import Blueprint

blp = Blueprint(
    "asset_metadata",
    __name__,
    url_prefix="/api/v1",
    description="Descriptions, tags and properties of assets.",
)


class BusinessMetadata(Schema):
    """What was written about an asset; it applies on every branch and tag."""

    id = Text(required=True)
    asset_id = Text(data_key="asset-id", required=True)
    description = Text(required=True, allow_none=True)
    tags = fields.List(Text(), required=True)
    properties = fields.Dict(keys=Text(), required=True)
    discoverable = fields.Boolean(required=True)
    created_by = Text(data_key="created-by", required=True)
    created_at = Text(data_key="created-at", required=True)
    updated_by = Text(data_key="updated-by", required=True)
    updated_at = Text(data_key="updated-at", required=True)


class NewMetadata(Schema):
    """What to write, replacing what was written before."""

    description = Text(allow_none=True)
    tags = fields.List(Text(), required=True)
    properties = fields.Dict(keys=Text(), required=True)
    discoverable = Flag(required=True)


class Written(Schema):
    """The metadata of an asset."""

    metadata = fields.Nested(BusinessMetadata, required=True)


@blp.route("/assets/<asset_id>/metadata")
class Metadata(MethodView):
    """An asset's metadata."""

    @blp.failures()
    @blp.response(200, Written)
    def get(self, asset_id: str) -> Json:
        """Read the business metadata of an asset."""
        return {"metadata": business_metadata.read(current_context(), asset_id)}

    @blp.changing()
    @blp.arguments(NewMetadata)
    @blp.response(200, Written)
    def post(self, given: Json, asset_id: str) -> Json:
        """Set business metadata; tags and `discoverable` require `manage-discovery`."""
        return {"metadata": business_metadata.replace(current_context(), asset_id, given)}

    @blp.changing()
    @blp.response(204)
    def delete(self, asset_id: str) -> None:
        """Delete the business metadata of an asset."""
        business_metadata.remove(current_context(), asset_id)


@blp.route("/business-metadata/<asset_id>")
class SameMetadata(MethodView):
    """An asset's metadata, under another path."""

    @blp.failures()
    @blp.response(200, Written)
    def get(self, asset_id: str) -> Json:
        """Read the business metadata of an asset."""
        return {"metadata": business_metadata.read(current_context(), asset_id)}

    @blp.changing()
    @blp.response(204)
    def delete(self, asset_id: str) -> None:
        """Delete the business metadata of an asset."""
        business_metadata.remove(current_context(), asset_id)
