"""Each request gets an id, a line in the log and a place in the metrics."""

import logging
import re
import time
from dataclasses import dataclass
from random import getrandbits

from flask import Flask, Request, Response, g, request

from pangolin.services.context import metrics
from pangolin.web.http.bodies import bound
from pangolin.web.http.raw_path import RAW_PATH, STARTED

log = logging.getLogger("pangolin.access")
REQUEST_ID = "X-Request-Id"
PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LINE = "%(method)s %(path)s %(status)s %(ms)sms %(principal)s"
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})


def install(app: Flask) -> None:
    """Log and measure every request of an application."""
    app.before_request(_begin)
    app.after_request(_end)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answered request as the log and the metrics know it; `path` is raw, `route` a URL rule."""

    request_id: str
    method: str
    path: str
    route: str
    status: int
    principal: str


def request_id(given: str) -> str:
    """Return the client's request id, or a new one."""
    return given if PLAIN_ID.fullmatch(given) else f"{getrandbits(128):032x}"


def headers(request_id: str) -> list[tuple[str, str]]:
    """List the headers that every answer has."""
    return [(REQUEST_ID, request_id), ("X-Content-Type-Options", "nosniff")]


def log_request(answered: Answered, seconds: float) -> None:
    """Count an answered request and write its line."""
    method = answered.method if answered.method in METHODS else "other"
    metrics.request(method, answered.route, answered.status, seconds)
    level = logging.DEBUG if answered.route in QUIET else logging.INFO
    if log.isEnabledFor(level):
        _log(level, answered, round(seconds * 1000, 1))


def _log(level: int, answered: Answered, ms: float) -> None:
    fields = {
        "request_id": answered.request_id,
        "method": answered.method,
        "path": answered.path,
        "status": answered.status,
        "ms": ms,
        "principal": answered.principal,
    }
    extra = {"fields": fields, "request_id": answered.request_id}
    # Not log.info(): finding the calling line costs more than the rest.
    log.handle(log.makeRecord(log.name, level, __file__, 0, LINE, (fields,), None, extra=extra))


def _begin() -> None:
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]
    g.request_id = request_id(asked.headers.get(REQUEST_ID, ""))
    bound(asked)


def _end(answer: Response) -> Response:
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]
    for name, value in headers(g.request_id):
        answer.headers[name] = value
    answered = Answered(
        g.request_id,
        asked.method,
        asked.environ[RAW_PATH],
        asked.url_rule.rule if asked.url_rule else "unmatched",
        answer.status_code,
        g.get("principal", "-"),
    )
    log_request(answered, time.monotonic() - asked.environ[STARTED])
    return answer
