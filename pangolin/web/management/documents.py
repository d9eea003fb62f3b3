"""How the management endpoints are documented: error answers, and text that JSON can carry."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields

from pangolin.web.errors import ErrorSchema

F = TypeVar("F", bound=Callable[..., Any])

COMMON = (400, 401, 403, 404, 413, 429, 500, 503)
MEANING = {
    400: "The request is malformed or breaks a rule; the message names the field.",
    401: "No credential, or a bad one.",
    403: "The principal may not do this.",
    404: "Something the request names does not exist.",
    406: "The server does not offer this.",
    409: "The name is taken, or something is in the way; the message says what.",
    413: "The body is larger than PANGOLIN_MAX_BODY_BYTES.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key came before with another request.",
    429: "Too many attempts of this address or account; Retry-After says when to try again.",
    500: "The server failed, or the outcome of a change is unknown.",
    503: "A part the server needs is away; nothing was changed.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A UUID: the request is done once, and answered alike when sent again.",
    "schema": {"type": "string", "format": "uuid"},
}


def failures(blueprint: Blueprint, *statuses: int) -> Callable[[F], F]:
    """Document an endpoint's error answers: the common ones and those named."""

    def decorate(view: F) -> F:
        for status in sorted({*COMMON, *statuses}):
            answer = blueprint.alt_response(status, schema=ErrorSchema, description=MEANING[status])
            view = answer(view)
        return view

    return decorate


def changing(
    blueprint: Blueprint, *statuses: int, query: type[Schema] | None = None
) -> Callable[[F], F]:
    """Document an endpoint that changes something: its error answers and the Idempotency-Key.

    `query` repeats the schema of the query, because parameters that are named replace those found.
    """
    asked = [{"in": "query", "schema": query}] if query else []

    def decorate(view: F) -> F:
        documented = failures(blueprint, 409, 415, 422, *statuses)(view)
        keyed: F = blueprint.doc(parameters=[IDEMPOTENCY_KEY, *asked])(documented)
        return keyed

    return decorate


class Text(fields.String):
    """Text that can be kept and sent: no lone surrogates."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(0xD800 <= ord(char) < 0xE000 for char in text):
            raise ValidationError("Must be Unicode text without lone surrogates.")
        return str(text)


class Flag(fields.Boolean):
    """A JSON boolean and nothing that only looks like one."""

    truthy = {True}
    falsy = {False}


class TextMap(fields.Dict):
    """A map of text to text; with `nullable` a value may be null."""

    def __init__(self, *, nullable: bool = False, **more: Any) -> None:
        super().__init__(keys=Text(), values=Text(allow_none=nullable), **more)
