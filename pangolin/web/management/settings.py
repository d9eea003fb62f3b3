"""Settings, counts, names and plugins."""

from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from pangolin.services.catalogs import names
from pangolin.services.context.json import Json
from pangolin.services.operations import server_info, statistics
from pangolin.services.tenants import settings
from pangolin.web.context import current_context, current_server
from pangolin.web.management.fields import Flag, Text
from pangolin.web.management.openapi import Blueprint

blp = Blueprint(
    "installation",
    __name__,
    url_prefix="/api/v1",
    description="Settings, counts, names and plugins.",
)
COUNTED = (
    "catalogs",
    "tables",
    "views",
    "assets",
    "namespaces",
    "users",
    "warehouses",
    "branches",
    "tags",
    "tenants",
)


class AppConfig(Schema):
    """What a console must know before anyone has logged in."""

    auth_enabled = Flag(required=True)


class SystemSettings(Schema):
    """A tenant's settings; the password is write-only and shown masked."""

    allow_public_signup = Flag(allow_none=True)
    default_warehouse_bucket = Text(allow_none=True)
    default_retention_days = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=0, max=36500)
    )
    smtp_host = Text(allow_none=True)
    smtp_port = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=65535)
    )
    smtp_user = Text(allow_none=True)
    smtp_password = Text(allow_none=True)


class StatsQuery(Schema):
    """Of what."""

    scope = fields.String(
        load_default="tenant",
        validate=validate.OneOf(statistics.SCOPES),
        metadata={"description": "The request's tenant, or all (root only)."},
    )


Stats = Schema.from_dict(
    {
        **{f"{name}_count": fields.Integer(required=True) for name in COUNTED},
        "scope": fields.String(required=True),
    },
    name="Stats",
)


class NamesQuestion(Schema):
    """Names to check."""

    resource_type = Text(required=True, validate=validate.OneOf(tuple(names.KINDS)))
    names = fields.List(Text(), required=True, validate=validate.Length(max=names.MOST_NAMES))


class NameVerdict(Schema):
    """Whether a name can be taken, and why not."""

    name = Text(required=True)
    available = Flag(required=True)
    reason = Text(required=True, allow_none=True)


class NameVerdicts(Schema):
    """A verdict for each name, in order."""

    results = fields.List(fields.Nested(NameVerdict), required=True)


class Plugin(Schema):
    """A loaded plugin."""

    name = Text(required=True)
    distribution = Text(required=True)
    version = Text(required=True)
    hooks = fields.List(Text(), required=True)
    schemes = fields.List(Text(), required=True)


@blp.route("/app-config")
@blp.response(200, AppConfig)
@blp.doc(security=[])
def app_config() -> Json:
    """Return whether the server requires authentication."""
    return dict(server_info.app_config(current_server().runtime.settings))


@blp.route("/config/settings")
class Settings(MethodView):
    """The tenant's settings."""

    @blp.failures()
    @blp.response(200, SystemSettings)
    def get(self) -> Json:
        """Read the settings, with defaults filled in."""
        return settings.get(current_context())

    @blp.changing()
    @blp.arguments(SystemSettings)
    @blp.response(200, SystemSettings)
    def put(self, given: Json) -> Json:
        """Change the given settings; null restores a default."""
        return settings.update(current_context(), given)


@blp.route("/dashboard/stats")
@blp.failures()
@blp.arguments(StatsQuery, location="query", unknown=RAISE)
@blp.response(200, Stats)
def stats(asked: Json) -> Json:
    """Count resources; tables, views, assets and namespaces as on `main`."""
    return statistics.stats(current_context(), asked["scope"])


@blp.route("/validate/names", methods=["POST"])
@blp.failures(415)
@blp.arguments(NamesQuestion)
@blp.response(200, NameVerdicts)
def validate_names(given: Json) -> Json:
    """Check which names a new catalog or warehouse could have."""
    return {"results": names.validate(current_context(), given["resource_type"], given["names"])}


@blp.route("/plugins")
@blp.failures()
@blp.response(200, Plugin(many=True))
def plugins() -> list[object]:
    """List the loaded plugins."""
    return server_info.plugins(current_context(), current_server().registry.plugins())
