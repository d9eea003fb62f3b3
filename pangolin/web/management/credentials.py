"""Credentials as flat maps of client properties."""

from flask import Response
from marshmallow import RAISE, Schema

from pangolin.services.context.json import Json
from pangolin.services.tables import credentials as table_credentials
from pangolin.services.warehouses import credentials as warehouse_credentials
from pangolin.web.context import current_context
from pangolin.web.http.json_response import json_answer
from pangolin.web.management.assets import levels_of
from pangolin.web.management.fields import Text
from pangolin.web.management.openapi import Blueprint

blp = Blueprint(
    "credentials",
    __name__,
    url_prefix="/api/v1",
    description="Short-lived credentials for tables and warehouses.",
)


PROPERTIES = {"type": "object", "additionalProperties": {"type": "string"}}


class Where(Schema):
    """Which directory of a warehouse."""

    location = Text(metadata={"description": "Inside the warehouse; its root if left out."})


@blp.route("/catalogs/<catalog>/tables/<table>/credentials")
@blp.failures(409)
@blp.response(200, PROPERTIES)
def of_table(catalog: str, table: str) -> Response:
    """Vend credentials for a table; levels and name are joined by dots, or by U+001F.

    For a table that does not exist yet and that the caller may create, they open the directory that
    `location` names: create the table with this location.
    """
    *levels, name = levels_of(table)
    return _secret(table_credentials.flat(current_context(), catalog, levels, name))


@blp.route("/warehouses/<name>/credentials")
@blp.failures()
@blp.arguments(Where, location="query", unknown=RAISE)
@blp.response(200, PROPERTIES)
def of_warehouse(asked: Json, name: str) -> Response:
    """Vend credentials that read, write and delete in a warehouse's directory; admins only."""
    return _secret(
        warehouse_credentials.of_warehouse(current_context(), name, asked.get("location"))
    )


def _secret(found: dict[str, str]) -> Response:
    answer = json_answer(found)
    answer.headers["Cache-Control"] = "no-store"
    return answer
