"""Answers of the Iceberg API that carry metadata, spliced and tagged."""

from typing import Any

import orjson
from flask import Response

from pangolin.services.tables.loading import Loaded

NO_STORE = "no-store"


def loaded(answer: Loaded) -> Response:
    """Answer a table; the metadata's bytes go out as they are, or 304 if the client has them."""
    if answer.unchanged:
        return Response(status=304, headers={"ETag": answer.etag or ""})
    response = Response(answer.body(), mimetype="application/json")
    if answer.etag is not None:
        response.headers["ETag"] = answer.etag
    if answer.credentials:
        response.headers["Cache-Control"] = NO_STORE
    return response


def secret(document: Any) -> Response:
    """Answer a JSON document that nobody on the way may keep."""
    response = json(document)
    response.headers["Cache-Control"] = NO_STORE
    return response


def untagged(answer: Loaded) -> Response:
    """Answer a view, which the protocol gives no ETag."""
    return Response(answer.body(), mimetype="application/json")


def json(document: Any) -> Response:
    """Answer a JSON document."""
    return Response(orjson.dumps(document), mimetype="application/json")


def nothing() -> Response:
    """Answer 204."""
    return Response(status=204)


def identifiers(levels: tuple[str, ...], names: list[str], token: str | None) -> Response:
    """Answer a page of table or view names."""
    listed = [{"namespace": levels, "name": name} for name in names]
    return json({"identifiers": listed, "next-page-token": token})
