"""Views of the Iceberg API."""

from typing import Any

from flask import Response
from flask.views import MethodView

from pangolin.services.tables import tables
from pangolin.services.versioned.addressing import Levels
from pangolin.services.versioned.relations import VIEWS
from pangolin.web.context import current_context
from pangolin.web.iceberg import responses
from pangolin.web.iceberg.openapi import PAGING, Blueprint
from pangolin.web.iceberg.relations import PATH, Relations
from pangolin.web.iceberg.schemas import (
    CommitViewRequest,
    CreateViewRequest,
    ListTablesResponse,
    LoadViewResult,
    RegisterViewRequest,
    RenameTableRequest,
)
from pangolin.web.openapi import IDEMPOTENCY_KEY

blp = Blueprint("iceberg_views", __name__, url_prefix="/v1", description="Views")
shared = Relations(VIEWS)


@blp.route(f"{PATH}/views")
class Views(MethodView):
    """A namespace's views."""

    @blp.failures(404)
    @blp.doc(parameters=list(PAGING))
    @blp.response(200, ListTablesResponse)
    def get(self, prefix: str, namespace: Levels) -> Response:
        """List a namespace's views."""
        return shared.names(prefix, namespace)

    @blp.failures(404, 409, 422)
    @blp.takes(CreateViewRequest, IDEMPOTENCY_KEY)
    @blp.response(200, LoadViewResult)
    def post(self, prefix: str, namespace: Levels) -> Response:
        """Create a view."""
        return responses.untagged(shared.create(prefix, namespace))


@blp.route(f"{PATH}/views/<view>")
class View(MethodView):
    """One view."""

    @blp.failures(404)
    @blp.response(200, LoadViewResult)
    def get(self, prefix: str, namespace: Levels, view: str) -> Response:
        """Load a view."""
        return responses.untagged(tables.load(current_context(), prefix, namespace, view, VIEWS))

    @blp.failures(404)
    @blp.response(204)
    def head(self, prefix: str, namespace: Levels, view: str) -> Response:
        """Return whether a view exists."""
        return shared.exists(prefix, namespace, view)

    @blp.failures(404, 409, 422)
    @blp.takes(CommitViewRequest, IDEMPOTENCY_KEY)
    @blp.response(200, LoadViewResult)
    def post(self, prefix: str, namespace: Levels, view: str) -> Response:
        """Replace a view, or change its properties, if its requirements hold."""
        return responses.untagged(shared.commit(prefix, namespace, view))

    @blp.failures(404, 409, 422)
    @blp.doc(parameters=[IDEMPOTENCY_KEY])
    @blp.response(204)
    def delete(self, prefix: str, namespace: Levels, view: str) -> Response:
        """Drop a view and its metadata file."""
        return shared.drop(prefix, namespace, view, purge=True)


@blp.route(f"{PATH}/register-view", methods=["POST"])
@blp.failures(404, 409, 422)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@blp.arguments(RegisterViewRequest)
@blp.response(200, LoadViewResult)
def register_view(given: dict[str, Any], prefix: str, namespace: Levels) -> Response:
    """Register an existing metadata file as a view."""
    return responses.untagged(shared.register(prefix, namespace, given))


@blp.route("/<prefix>/views/rename", methods=["POST"])
@blp.failures(404, 406, 409, 422)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@blp.arguments(RenameTableRequest)
@blp.response(204)
def rename_view(given: dict[str, Any], prefix: str) -> Response:
    """Rename a view, possibly into another namespace."""
    return shared.rename(prefix, given)
