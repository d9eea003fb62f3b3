"""JSON answers that bypass Flask's provider."""

from typing import Any

import orjson
from flask import Response


def json_answer(body: Any, status: int = 200) -> Response:
    """Encode a body compactly; keys that are not text are refused."""
    return Response(orjson.dumps(body), status, mimetype="application/json")
