"""Multi-table commits of the Iceberg API."""

from flask import Response

from pangolin.services import commits
from pangolin.web.iceberg import answering, reading
from pangolin.web.iceberg.openapi import Blueprint
from pangolin.web.iceberg.schemas import CommitTransactionRequest
from pangolin.web.openapi import IDEMPOTENCY_KEY
from pangolin.web.scope import current_scope

blp = Blueprint("iceberg_transactions", __name__, url_prefix="/v1", description="Transactions")


@blp.route("/<prefix>/transactions/commit", methods=["POST"])
@blp.failures(404, 409, 422)
@blp.takes(CommitTransactionRequest, IDEMPOTENCY_KEY)
@blp.response(204)
def commit_transaction(prefix: str) -> Response:
    """Commit to several tables, all or none."""
    commits.commit_many(current_scope(), prefix, reading.transaction_body())
    return answering.nothing()
