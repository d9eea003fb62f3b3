"""Each request gets an id, a line in the log and a place in the metrics."""

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from pangolin.services import metering
from pangolin.web.bodies import bound
from pangolin.web.routing import RAW_PATH, STARTED

log = logging.getLogger("pangolin.access")
REQUEST_ID = "X-Request-Id"
PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})


def install(app: Flask) -> None:
    """Watch every request of an application."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if PLAIN_ID.fullmatch(given) else uuid.uuid4().hex
    bound(request)


def _end(answer: Response) -> Response:
    seconds = time.monotonic() - request.environ[STARTED]
    answer.headers[REQUEST_ID] = g.request_id
    answer.headers["X-Content-Type-Options"] = "nosniff"
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in METHODS else "other"
    metering.request(method, route, answer.status_code, seconds)
    level = logging.DEBUG if route in QUIET else logging.INFO
    if log.isEnabledFor(level):
        _log(level, answer, seconds)
    return answer


def _log(level: int, answer: Response, seconds: float) -> None:
    ms = round(seconds * 1000, 1)
    fields = {
        "request_id": g.request_id,
        "method": request.method,
        "path": request.environ[RAW_PATH],
        "status": answer.status_code,
        "ms": ms,
        "principal": g.get("principal", "-"),
    }
    log.log(
        level,
        "%(method)s %(path)s %(status)s %(ms)sms %(principal)s",
        fields,
        extra={"fields": fields},
    )
