"""The Blueprint of both APIs: bad input is 400, and error answers are documented."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import flask_smorest
import orjson
from flask import Request
from marshmallow import Schema
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import UnsupportedMediaType

from pangolin.web.openapi import COMMON, MEANING, ErrorSchema

F = TypeVar("F", bound=Callable[..., Any])


class Parser(FlaskParser):
    """Read arguments; raises 400 for what a schema refuses and 415 for another media type."""

    DEFAULT_VALIDATION_STATUS = 400

    def _raw_load_json(self, req: Request) -> Any:
        if is_json_request(req):
            # orjson refuses what is nested too deep, where the standard parser runs out of stack.
            return orjson.loads(req.get_data(cache=True))
        if req.get_data(cache=True):
            raise UnsupportedMediaType(
                f"the body must be application/json, not {req.mimetype or 'untyped'}"
            )
        return core.missing


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest blueprint that answers bad input with 400 and documents its error answers."""

    ARGUMENTS_PARSER = Parser()
    ERROR: type[Schema] = ErrorSchema
    COMMON: tuple[int, ...] = COMMON
    MEANING: Mapping[int, str] = MEANING

    def failures(self, *statuses: int) -> Callable[[F], F]:
        """Document an endpoint's error answers: the common ones and those named."""
        first, *others = sorted({*self.COMMON, *statuses})
        alone = self.alt_response(first, schema=self.ERROR, description=self.MEANING[first])

        def decorate(view: F) -> F:
            documented = alone(view)
            # In one pass: each `alt_response` copies the documentation of all before it.
            answers = documented._apidoc["response"]["responses"]
            for status in others:
                answer = {**answers[first][-1], "description": self.MEANING[status]}
                answers.setdefault(status, []).append(answer)
            return cast(F, documented)

        return decorate
