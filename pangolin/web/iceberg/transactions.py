"""Multi-table commits of the Iceberg API."""

from flask import Response

from pangolin.services import commits
from pangolin.web.blueprint import Blueprint
from pangolin.web.iceberg import answering, reading
from pangolin.web.iceberg.documents import IDEMPOTENCY_KEY, failures, takes
from pangolin.web.iceberg.schemas import CommitTransactionRequest
from pangolin.web.scope import current_scope


def blueprint() -> Blueprint:
    """Build the blueprint."""
    blp = Blueprint("iceberg_transactions", __name__, url_prefix="/v1", description="Transactions")

    @blp.route("/<prefix>/transactions/commit", methods=["POST"])
    @failures(blp, 404, 409, 422)
    @takes(blp, CommitTransactionRequest, IDEMPOTENCY_KEY)
    @blp.response(204)
    def commit_transaction(prefix: str) -> Response:
        """Commit to several tables, all or none."""
        commits.commit_many(current_scope(), prefix, reading.transaction_body())
        return answering.nothing()

    return blp
