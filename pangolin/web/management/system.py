"""Health, metrics and public keys."""

import os

import prometheus_client
from flask import Response
from marshmallow import Schema, fields
from prometheus_client import multiprocess

from pangolin.services.authn import signing_keys
from pangolin.services.context.json import Json
from pangolin.services.operations import health
from pangolin.web.context import current_server
from pangolin.web.http.json_response import json_answer
from pangolin.web.management.openapi import Blueprint
from pangolin.web.openapi import ErrorSchema

system = Blueprint("system", __name__, description="Health, metrics and public keys.")


class Liveness(Schema):
    """The process answers."""

    status = fields.String(required=True)


class Readiness(Schema):
    """Whether the server can do its work, and what prevents it."""

    status = fields.String(required=True)
    store = fields.String(required=True)
    error = fields.String()


class KeySet(Schema):
    """The public keys of this server's tokens (RFC 7517)."""

    keys = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True)


@system.route("/.well-known/jwks.json")
@system.response(200, KeySet)
@system.alt_response(503, schema=ErrorSchema, description="The store is unavailable.")
@system.doc(security=[])
def jwks() -> Response:
    """Return the public keys with which tokens of this server can be verified."""
    answer = json_answer(signing_keys.jwks(current_server().runtime))
    answer.cache_control.max_age = 300
    return answer


@system.route("/health/live")
@system.response(200, Liveness)
@system.doc(security=[])
def live() -> Json:
    """Return that the process answers; nothing else is touched."""
    return {"status": "alive"}


@system.route("/health/ready")
@system.response(200, Readiness)
@system.alt_response(503, schema=Readiness)
@system.doc(security=[])
def ready() -> Response:
    """Return whether the record store can be used."""
    # Warehouses do not count: anybody can call this, and a tenant's bucket that is unavailable, or
    # never existed, must not take every server from every tenant.
    if health.check_store(current_server().runtime).problem:
        down = {"status": "unready", "store": "unreachable", "error": "store is down"}
        return json_answer(down, 503)
    return json_answer({"status": "ready", "store": "ok"})


@system.route("/metrics")
@system.response(200, content_type="text/plain")
@system.doc(security=[])
def metrics() -> Response:
    """Return the metrics of all workers in the Prometheus text format."""
    registry = prometheus_client.REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = prometheus_client.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = prometheus_client.generate_latest(registry)
    return Response(text, content_type=prometheus_client.CONTENT_TYPE_LATEST)
