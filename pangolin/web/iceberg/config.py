"""`GET /v1/config`: what a client must know before its first call."""

from flask import Response, current_app, request

from pangolin.services.catalogs import client_config
from pangolin.web.context import current_context
from pangolin.web.iceberg import responses
from pangolin.web.iceberg.endpoints import endpoints_of
from pangolin.web.iceberg.openapi import Blueprint
from pangolin.web.iceberg.schemas import CatalogConfig

blp = Blueprint("iceberg_config", __name__, url_prefix="/v1", description="Configuration")
WAREHOUSE = {
    "name": "warehouse",
    "in": "query",
    "required": False,
    "description": "The catalog, as `catalog` or `catalog@ref`.",
    "schema": {"type": "string"},
}


@blp.route("/config")
@blp.failures(404)
@blp.doc(parameters=[WAREHOUSE])
@blp.response(200, CatalogConfig)
def config() -> Response:
    """Return the prefix, the supported endpoints, and how long idempotency keys are remembered."""
    based = request.environ.get("pangolin.base_catalog")
    wanted = based or request.args.get("warehouse")
    return _config(wanted, with_prefix=based is None)


@blp.route("/<prefix>/config")
@blp.failures(404)
@blp.response(200, CatalogConfig)
def config_of(prefix: str) -> Response:
    """Return the same to a client whose base URI names the catalog."""
    based = request.environ.get("pangolin.base_catalog") is not None
    return _config(prefix, with_prefix=not based)


def _config(wanted: str | None, *, with_prefix: bool) -> Response:
    endpoints = endpoints_of(current_app)
    found = client_config.config(current_context(), wanted, endpoints, with_prefix=with_prefix)
    return responses.json(found)
