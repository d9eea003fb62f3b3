"""Multi-table commits of the Iceberg API."""

from flask import Response

from pangolin.services.tables import commits
from pangolin.web.context import current_context
from pangolin.web.iceberg import parameters, responses
from pangolin.web.iceberg.openapi import Blueprint
from pangolin.web.iceberg.schemas import CommitTransactionRequest
from pangolin.web.openapi import IDEMPOTENCY_KEY

blp = Blueprint("iceberg_transactions", __name__, url_prefix="/v1", description="Transactions")


@blp.route("/<prefix>/transactions/commit", methods=["POST"])
@blp.failures(404, 409, 422)
@blp.takes(CommitTransactionRequest, IDEMPOTENCY_KEY)
@blp.response(204)
def commit_transaction(prefix: str) -> Response:
    """Commit to several tables, all or none."""
    commits.commit_many(current_context(), prefix, parameters.transaction_body())
    return responses.nothing()
