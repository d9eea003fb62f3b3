"""The Blueprint of both APIs: bad input is 400, and error answers are documented."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import flask_smorest
from flask import Request, request
from marshmallow import Schema
from webargs import core
from webargs.flaskparser import FlaskParser

from pangolin.errors import BadRequest
from pangolin.web.http.bodies import MISSING, read_json
from pangolin.web.openapi import COMMON, MEANING, ErrorSchema

View = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])


class Parser(FlaskParser):
    """Read arguments; raises 400 for what a schema refuses and 415 for another media type."""

    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Decode the body; only one that is empty counts as none."""
        # The base takes some bodies that cannot be decoded for none, and the request would succeed
        # with nothing done.
        return read_json(req) if req.get_data(cache=True) else core.missing


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

    def arguments(
        self, schema: Any, *, location: str = "json", required: bool = True, **more: Any
    ) -> Callable[[View], View]:
        """Take arguments by a schema; a body that is required must not be empty."""
        decorate = super().arguments(schema, location=location, required=required, **more)
        if location != "json" or not required:
            return decorate  # type: ignore[no-any-return]
        return lambda view: _with_body(decorate(view))


def _with_body(view: View) -> View:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not request.get_data(cache=True):
            raise BadRequest(MISSING)
        return view(*args, **kwargs)

    return checked
