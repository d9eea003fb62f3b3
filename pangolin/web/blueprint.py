"""The Blueprint both APIs use: bad input is 400, a body that is not JSON is 415."""

from typing import Any

import flask_smorest
import orjson
from flask import Request
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import UnsupportedMediaType


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
    """A flask-smorest blueprint that answers bad input with 400."""

    ARGUMENTS_PARSER = Parser()
