"""One rendering of every failure, for both APIs: `{"error": {"message", "type", "code"}}`."""

import logging
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, make_response
from werkzeug.exceptions import HTTPException

from pangolin.errors import PangolinError
from pangolin.web.http.json_response import json_answer

log = logging.getLogger(__name__)
# Wire types of failures that HTTP itself knows; the Java client maps some of them by name.
TYPES = {
    400: "BadRequestException",
    401: "NotAuthorizedException",
    403: "ForbiddenException",
    404: "NoSuchEndpointException",
    405: "MethodNotAllowedException",
    413: "RequestTooLargeException",
    415: "UnsupportedMediaTypeException",
}
# Locations in webargs' terms, which mean nothing to a client.
PLACES = frozenset({"json", "query", "headers", "form", "json_or_form"})


def install(app: Flask) -> None:
    """Register the handlers; call it after both APIs, whose own handler it replaces."""
    app.register_error_handler(PangolinError, answer_domain_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_surprise)


def answer_domain_error(error: PangolinError) -> Response:
    """Render a domain error with its headers."""
    if error.status >= 500:
        log.error("%s: %s", error.type, error.message, exc_info=error)
    return _render(error.status, error.type, error.message, error.headers, error.details)


def answer_http_error(error: HTTPException) -> Response:
    """Render what routing, parsing and validation raise."""
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    messages = getattr(error, "data", {}).get("messages")
    if messages:
        return _render(400, TYPES[400], flatten(messages), {})
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    kind = TYPES.get(status, f"{type(error).__name__}Exception")
    return _render(status, kind, _message(error, status), headers)


def answer_surprise(error: Exception) -> Response:
    """Answer 500 with an id that the log has too; the traceback stays here."""
    mark = uuid.uuid4().hex
    log.error("internal error %s", mark, exc_info=error)
    return _render(500, "InternalServerError", f"internal error; see the log for {mark}", {})


def flatten(messages: Any) -> str:
    """Turn nested validation messages into one line in which each names its field."""
    return "; ".join(_lines(messages, ()))


def _lines(messages: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            here = path if not path and name in PLACES else (*path, str(name))
            yield from _lines(below, here)
    elif isinstance(messages, list):
        for message in messages:
            yield from _lines(message, path)
    else:
        field = ".".join(part for part in path if part != "_schema")
        yield f"{field}: {messages}" if field else str(messages)


def _message(error: HTTPException, status: int) -> str:
    if status == 404:
        return "there is no such endpoint"
    return error.description or error.name


def _render(
    status: int,
    kind: str,
    message: str,
    headers: Mapping[str, str],
    details: Mapping[str, Any] | None = None,
) -> Response:
    body: dict[str, Any] = {"message": message, "type": kind, "code": status}
    if details:
        body["details"] = details
    answer = json_answer({"error": body}, status)
    answer.headers.extend(headers)
    return answer
