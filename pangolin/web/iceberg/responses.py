"""Answers of the Iceberg API that carry metadata, spliced and tagged."""

from typing import Any

import orjson
from flask import Response

from pangolin.services.tables.loading import Loaded

NO_STORE = "no-store"


def loaded(answer: Loaded) -> Response:
    """Return a table with the metadata's bytes as they are, or 304 if the client has them."""
    if answer.unchanged:
        return Response(status=304, headers={"ETag": answer.etag or ""})
    response = Response(answer.body(), mimetype="application/json")
    if answer.etag is not None:
        response.headers["ETag"] = answer.etag
    if answer.credentials:
        response.headers["Cache-Control"] = NO_STORE
    return response


def secret(document: Any) -> Response:
    """Return a JSON document that no intermediary may store."""
    response = json(document)
    response.headers["Cache-Control"] = NO_STORE
    return response


def untagged(answer: Loaded) -> Response:
    """Return a view, which has no ETag in the protocol."""
    return Response(answer.body(), mimetype="application/json")


def json(document: Any) -> Response:
    """Return a JSON document."""
    return Response(orjson.dumps(document), mimetype="application/json")


def nothing() -> Response:
    """Answer 204."""
    return Response(status=204)


def identifiers(levels: tuple[str, ...], names: list[str], token: str | None) -> Response:
    """Return a page of table or view names."""
    listed = [{"namespace": levels, "name": name} for name in names]
    return json({"identifiers": listed, "next-page-token": token})
