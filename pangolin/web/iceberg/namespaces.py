"""Namespaces of the Iceberg API."""

from typing import Any

from flask import Response
from flask.views import MethodView

from pangolin.services.catalogs import namespaces
from pangolin.services.versioned.addressing import Levels
from pangolin.web.context import current_context
from pangolin.web.iceberg import parameters, responses
from pangolin.web.iceberg.openapi import PAGING, PARENT, Blueprint
from pangolin.web.iceberg.schemas import (
    CreateNamespaceRequest,
    ListNamespacesResponse,
    NamespaceResponse,
    UpdateNamespacePropertiesRequest,
    UpdateNamespacePropertiesResponse,
)
from pangolin.web.openapi import IDEMPOTENCY_KEY

blp = Blueprint("iceberg_namespaces", __name__, url_prefix="/v1", description="Namespaces")


@blp.route("/<prefix>/namespaces")
class Namespaces(MethodView):
    """A catalog's namespaces."""

    @blp.failures(404)
    @blp.doc(parameters=[PARENT, *PAGING])
    @blp.response(200, ListNamespacesResponse)
    def get(self, prefix: str) -> Response:
        """List the namespaces directly below `parent`, or the top-level ones."""
        ctx = current_context()
        page = parameters.paging(ctx.settings.max_page_size)
        found, more = namespaces.list_children(
            ctx, prefix, parameters.parent(), after=page.after, limit=page.limit
        )
        return responses.json({"namespaces": found, "next-page-token": parameters.token(more)})

    @blp.failures(404, 406, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.arguments(CreateNamespaceRequest)
    @blp.response(200, NamespaceResponse)
    def post(self, given: dict[str, Any], prefix: str) -> Response:
        """Create a namespace; its parent must exist."""
        made = namespaces.create(
            current_context(), prefix, given["namespace"], given["properties"] or {}
        )
        return responses.json(made)


@blp.route("/<prefix>/namespaces/<namespace:namespace>")
class Namespace(MethodView):
    """One namespace."""

    @blp.failures(404)
    @blp.response(200, NamespaceResponse)
    def get(self, prefix: str, namespace: Levels) -> Response:
        """Read a namespace's properties."""
        return responses.json(namespaces.load(current_context(), prefix, namespace))

    @blp.failures(404)
    @blp.response(204)
    def head(self, prefix: str, namespace: Levels) -> Response:
        """Return whether a namespace exists."""
        namespaces.load(current_context(), prefix, namespace)
        return responses.nothing()

    @blp.failures(404, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.response(204)
    def delete(self, prefix: str, namespace: Levels) -> Response:
        """Drop an empty namespace."""
        namespaces.drop(current_context(), prefix, namespace)
        return responses.nothing()


@blp.route("/<prefix>/namespaces/<namespace:namespace>/properties", methods=["POST"])
@blp.failures(404, 406, 409, 422)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@blp.arguments(UpdateNamespacePropertiesRequest)
@blp.response(200, UpdateNamespacePropertiesResponse)
def update_properties(given: dict[str, Any], prefix: str, namespace: Levels) -> Response:
    """Set and remove a namespace's properties."""
    done = namespaces.update_properties(
        current_context(), prefix, namespace, given["removals"], given["updates"]
    )
    return responses.json(done)
