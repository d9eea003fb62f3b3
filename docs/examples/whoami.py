"""A third-party blueprint in one file: `GET /api/v1/x/whoami/me` says who is asking.

Install it with the entry point `[pangolin] whoami = whoami`. Pangolin authenticates every request
to a plugin's routes before the view runs, and leaves the caller's scope in `flask.g.context`.
"""

from collections.abc import Sequence

from flask import g
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from pangolin.plugin import BadRequest, hookimpl

name = "whoami"
blueprint = Blueprint("whoami", __name__, description="Who is asking.")


class Question(Schema):
    """How to be addressed."""

    greeting = fields.String(load_default="Hello", metadata={"description": "The first word."})


class Answer(Schema):
    """The caller, and the tenant the request is about."""

    text = fields.String(required=True)
    tenant = fields.String(required=True)


@blueprint.route("/me")
@blueprint.arguments(Question, location="query")
@blueprint.response(200, Answer)
def me(question: dict[str, str]) -> dict[str, str]:
    """Greet the caller by name."""
    if not question["greeting"].isalpha():
        raise BadRequest("greeting must be one word")
    ctx = g.context
    return {"text": f"{question['greeting']}, {ctx.principal.name}", "tenant": ctx.tenant}


@hookimpl
def pangolin_blueprints() -> Sequence[Blueprint]:
    """Mount the blueprint below `/api/v1/x/whoami`."""
    return [blueprint]
