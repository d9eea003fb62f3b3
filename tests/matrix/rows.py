"""What each route answers to each sort of principal; a route without a row fails the build."""

from dataclasses import dataclass
from typing import Any

from tests.matrix.world import VERSION
from tests.samples import SCHEMA


@dataclass(frozen=True, slots=True)
class Row:
    """Statuses in the order of `world.COLUMNS`, and the request that earns them."""

    statuses: str
    body: Any = None
    query: str = ""
    form: dict[str, str] | None = None
    names: dict[str, str] | None = None


NEW_VIEW = {"name": "w", "schema": SCHEMA, "view-version": VERSION, "properties": {}}
COMMIT = {
    "requirements": [],
    "updates": [{"action": "set-properties", "updates": {"k": "v"}}],
}
CHANGE = {"identifier": {"namespace": ["default"], "name": "t"}} | COMMIT
TO = {"namespace": ["default"], "name": "moved"}
FROM_TABLE = {"namespace": ["default"], "name": "t"}
FROM_VIEW = {"namespace": ["default"], "name": "v"}
POINTER = {"name": "n", "kind": "ML_MODEL", "location": "s3://b/n"}
REPORT = {"report-type": "scan-report", "table-name": "t"}
IN_LAKE = "catalog=lake"
SIGN = {"region": "r", "uri": "{location}/data/f", "method": "GET", "headers": {}}

#            anonymous nobody reader writer admin foreign root
OPEN = "200 200 200 200 200 200 200"
ANYBODY = "401 200 200 200 200 200 200"
READ = "401 403 200 200 200 404 200"
ADMIN = "401 403 403 403 200 404 200"
ROOT = "401 403 403 403 403 403 200"

ICEBERG = {
    "GET /v1/config": Row(READ, query="warehouse=lake"),
    "GET /v1/<prefix>/config": Row(READ),
    "GET /v1/<prefix>/namespaces": Row(READ),
    "POST /v1/<prefix>/namespaces": Row("401 403 403 200 200 404 200", {"namespace": ["fresh"]}),
    "GET /v1/<prefix>/namespaces/<namespace:namespace>": Row(READ),
    "HEAD /v1/<prefix>/namespaces/<namespace:namespace>": Row("401 403 204 204 204 404 204"),
    "DELETE /v1/<prefix>/namespaces/<namespace:namespace>": Row(
        "401 403 403 204 204 404 204", names={"namespace": "bare"}
    ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/properties": Row(
        "401 403 403 200 200 404 200", {"updates": {"k": "v"}}
    ),
    "GET /v1/<prefix>/namespaces/<namespace:namespace>/tables": Row(READ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/tables": Row(
        "401 403 403 200 200 404 200", {"name": "u", "schema": SCHEMA}
    ),
    "GET /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>": Row(READ),
    "HEAD /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>": Row(
        "401 403 204 204 204 404 204"
    ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>": Row(
        "401 403 403 200 200 404 200", COMMIT
    ),
    "DELETE /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>": Row(
        "401 403 403 204 204 404 204"
    ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>/metrics": Row(
        "401 403 204 204 204 404 204", REPORT
    ),
    "GET /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>/credentials": Row(READ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>/sign": Row(READ, SIGN),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/tables/<table>/unregister": Row(
        "401 403 403 200 200 404 200"
    ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/register": Row(
        "401 403 403 409 409 404 409", {"name": "t", "metadata-location": "{metadata}"}
    ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/register-view": Row(
        "401 403 403 409 409 404 409", {"name": "v", "metadata-location": "{metadata}"}
    ),
    "POST /v1/<prefix>/tables/rename": Row(
        "401 403 403 204 204 404 204", {"source": FROM_TABLE, "destination": TO}
    ),
    "POST /v1/<prefix>/views/rename": Row(
        "401 403 403 204 204 404 204", {"source": FROM_VIEW, "destination": TO}
    ),
    "POST /v1/<prefix>/transactions/commit": Row(
        "401 403 403 204 204 404 204", {"table-changes": [CHANGE]}
    ),
    "GET /v1/<prefix>/namespaces/<namespace:namespace>/views": Row(READ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/views": Row(
        "401 403 403 200 200 404 200", NEW_VIEW
    ),
    "GET /v1/<prefix>/namespaces/<namespace:namespace>/views/<view>": Row(READ),
    "HEAD /v1/<prefix>/namespaces/<namespace:namespace>/views/<view>": Row(
        "401 403 204 204 204 404 204"
    ),
    "POST /v1/<prefix>/namespaces/<namespace:namespace>/views/<view>": Row(
        "401 403 403 200 200 404 200", COMMIT
    ),
    "DELETE /v1/<prefix>/namespaces/<namespace:namespace>/views/<view>": Row(
        "401 403 403 204 204 404 204"
    ),
}

CATALOGS = {
    "GET /api/v1/catalogs": Row(ANYBODY),
    "POST /api/v1/catalogs": Row(
        "401 403 403 403 201 400 201", {"name": "fresh", "warehouse_name": "w"}
    ),
    "GET /api/v1/catalogs/<name>": Row(READ, names={"name": "lake"}),
    "PUT /api/v1/catalogs/<name>": Row(
        "401 403 403 200 200 404 200", {"properties": {}}, names={"name": "lake"}
    ),
    "DELETE /api/v1/catalogs/<name>": Row("401 403 403 403 204 404 204", names={"name": "empty"}),
    "GET /api/v1/catalogs/<name>/namespaces/tree": Row(READ, names={"name": "lake"}),
    "GET /api/v1/catalogs/<name>/summary": Row(READ, names={"name": "lake"}),
    "GET /api/v1/catalogs/<catalog>/namespaces/<namespace>/assets": Row(READ),
    "POST /api/v1/catalogs/<catalog>/namespaces/<namespace>/assets": Row(
        "401 403 403 201 201 404 201", POINTER
    ),
    "GET /api/v1/catalogs/<catalog>/namespaces/<namespace>/assets/<name>": Row(
        READ, names={"name": "m"}
    ),
    "DELETE /api/v1/catalogs/<catalog>/namespaces/<namespace>/assets/<name>": Row(
        "401 403 403 204 204 404 204", names={"name": "m"}
    ),
    "GET /api/v1/catalogs/<catalog>/tables/<table>/credentials": Row(
        READ, names={"table": "default.t"}
    ),
    "GET /api/v1/assets/<asset_id>": Row("401 404 200 200 200 404 200"),
    "GET /api/v1/branches": Row(READ, query=IN_LAKE),
    "POST /api/v1/branches": Row(
        "401 403 403 403 201 404 201", {"name": "fresh", "catalog": "lake"}
    ),
    "GET /api/v1/branches/<name>": Row(READ, query=IN_LAKE, names={"name": "dev"}),
    "DELETE /api/v1/branches/<name>": Row(
        "401 403 403 204 204 404 204", query=IN_LAKE, names={"name": "dev"}
    ),
    "GET /api/v1/tags": Row(READ, query=IN_LAKE),
    "POST /api/v1/tags": Row("401 403 403 200 200 404 200", {"name": "t2", "catalog": "lake"}),
    "DELETE /api/v1/tags/<name>": Row(
        "401 403 403 204 204 404 204", query=IN_LAKE, names={"name": "t1"}
    ),
}

INSTALLATION = {
    "GET /.well-known/jwks.json": Row(OPEN),
    "GET /health/live": Row(OPEN),
    "GET /health/ready": Row(OPEN),
    "GET /metrics": Row(OPEN),
    "GET /api/v1/app-config": Row(OPEN),
    "GET /api/v1/plugins": Row(ANYBODY),
    "GET /api/v1/config/settings": Row("401 403 403 403 200 200 200"),
    "PUT /api/v1/config/settings": Row(
        "401 403 403 403 200 200 200", {"default_retention_days": 3}
    ),
    "GET /api/v1/dashboard/stats": Row("401 403 403 403 200 200 200"),
    "POST /api/v1/validate/names": Row(
        "401 403 403 403 200 200 200", {"resource_type": "catalog", "names": ["lake"]}
    ),
    "GET /api/v1/tenants": Row(ROOT),
    "POST /api/v1/tenants": Row("401 403 403 403 403 403 201", {"name": "fresh"}),
    "GET /api/v1/tenants/<tenant>": Row("401 200 200 200 200 404 200"),
    "PUT /api/v1/tenants/<tenant>": Row(ROOT, {"properties": {}}),
    "DELETE /api/v1/tenants/<tenant>": Row("401 403 403 403 403 403 400"),
    "GET /api/v1/warehouses": Row("401 403 403 403 200 200 200"),
    "POST /api/v1/warehouses": Row(
        "401 403 403 403 201 201 201",
        {"name": "fresh", "storage_config": {"file.root": "{root}/fresh"}},
    ),
    "POST /api/v1/warehouses/validate": Row(
        "401 403 403 403 200 200 200", {"name": "fresh", "storage_config": {"file.root": "{root}"}}
    ),
    "POST /api/v1/warehouses/prepare": Row(ADMIN, {"name": "w"}),
    "POST /api/v1/warehouses/<name>/check": Row(ADMIN, names={"name": "w"}),
    "GET /api/v1/warehouses/<name>": Row(ADMIN, names={"name": "w"}),
    "GET /api/v1/warehouses/<name>/credentials": Row(ADMIN, names={"name": "w"}),
    "PUT /api/v1/warehouses/<name>": Row(ADMIN, {"use_sts": False}, names={"name": "w"}),
    "DELETE /api/v1/warehouses/<name>": Row("401 403 403 403 409 404 409", names={"name": "w"}),
}

NEW_USER = {"username": "new", "email": "new@example.org", "role": "tenant-user"}
GRANT = {"user-id": "id-spare", "scope": {"type": "tenant"}, "actions": ["read"]}
CHECK = {"checks": [{"action": "read", "resource": {"type": "catalog", "catalog": "lake"}}]}
NOTE = {"description": "d", "tags": [], "properties": {}, "discoverable": False}
CREDENTIALS = {"grant_type": "client_credentials", "client_secret": "{api_key}"}
OWN = "401 403 403 403 200 200 200"
MADE = "401 403 403 403 201 201 201"
GONE = "401 403 403 403 204 404 204"
TOKENS = Row(OPEN, form=CREDENTIALS)

PEOPLE = {
    "GET /api/v1/users": Row(OWN),
    "POST /api/v1/users": Row(MADE, NEW_USER),
    "GET /api/v1/users/<user>": Row(ADMIN),
    "PUT /api/v1/users/<user>": Row(ADMIN, {"active": False}),
    "DELETE /api/v1/users/<user>": Row(GONE),
    "GET /api/v1/users/me": Row(ANYBODY),
    "POST /api/v1/users/login": Row(OPEN, {"username": "root", "password": "correct horse"}),
    "POST /api/v1/users/logout": Row("401 204 204 204 204 204 204"),
    "GET /api/v1/users/me/tokens": Row(ANYBODY),
    "GET /api/v1/users/<user>/tokens": Row(ADMIN),
    "DELETE /api/v1/users/<user>/tokens": Row(GONE),
    "GET /api/v1/users/<user_id>/roles": Row(ADMIN),
    "POST /api/v1/users/<user_id>/roles": Row(
        "401 403 403 403 201 404 201", {"role-id": "{inner}"}
    ),
    "DELETE /api/v1/users/<user_id>/roles/<role_id>": Row(GONE),
    "GET /api/v1/service-users": Row(OWN),
    "POST /api/v1/service-users": Row(MADE, {"name": "new", "role": "tenant-user"}),
    "GET /api/v1/service-users/<service>": Row(ADMIN),
    "PUT /api/v1/service-users/<service>": Row(ADMIN, {"description": "d"}),
    "DELETE /api/v1/service-users/<service>": Row(ADMIN),
    "GET /api/v1/service-users/<service>/keys": Row(ADMIN),
    "POST /api/v1/service-users/<service>/keys": Row("401 403 403 403 201 404 201", {}),
    "DELETE /api/v1/service-users/<service>/keys/<key>": Row(GONE),
    "POST /api/v1/service-users/<service>/rotate": Row(ADMIN, {}),
}

TOKEN_ROUTES = {
    "POST /api/v1/tokens": Row("401 403 403 403 200 403 200", {"tenant_id": "default"}),
    "POST /api/v1/tokens/rotate": Row(ANYBODY),
    "DELETE /api/v1/tokens/<jti>": Row(GONE),
    "POST /api/v1/auth/revoke": Row(ANYBODY, {}),
    "POST /api/v1/auth/revoke/<jti>": Row(ADMIN, {}),
    "POST /api/v1/auth/cleanup-tokens": Row(OWN),
    "POST /v1/oauth/tokens": TOKENS,
    "POST /v1/<prefix>/oauth/tokens": TOKENS,
    "POST /api/v1/iceberg/<prefix>/oauth/tokens": TOKENS,
    "POST /api/v1/iceberg/<prefix>/v1/oauth/tokens": TOKENS,
    "GET /api/v1/oauth/providers": Row(OPEN),
    "POST /api/v1/oauth/exchange": Row("400 400 400 400 400 400 400", {"code": "none"}),
    "GET /oauth/authorize/<provider>": Row("404 404 404 404 404 404 404", query="redirect_uri=x"),
    "GET /oauth/callback/<provider>": Row("404 404 404 404 404 404 404", query="code=c&state=s"),
}

RIGHTS = {
    "GET /api/v1/roles": Row(ANYBODY),
    "POST /api/v1/roles": Row(MADE, {"name": "new"}),
    "GET /api/v1/roles/<role_id>": Row(ADMIN),
    "PUT /api/v1/roles/<role_id>": Row(ADMIN, {"name": "loaders", "permissions": []}),
    "DELETE /api/v1/roles/<role_id>": Row(GONE),
    "GET /api/v1/roles/<role_id>/members": Row(ADMIN),
    "GET /api/v1/roles/<role_id>/roles": Row(ADMIN),
    "POST /api/v1/roles/<role_id>/roles": Row(
        "401 403 403 403 400 404 400", {"role-id": "{inner}"}
    ),
    "DELETE /api/v1/roles/<member_id>/roles/<role_id>": Row(GONE),
    "GET /api/v1/permissions": Row(ANYBODY),
    "POST /api/v1/permissions": Row("401 403 403 403 201 404 201", GRANT),
    "DELETE /api/v1/permissions/<permission_id>": Row("401 403 403 403 204 404 204"),
    "POST /api/v1/permissions/check": Row(ANYBODY, CHECK),
    "GET /api/v1/assets/<asset_id>/metadata": Row("401 404 200 200 200 404 200"),
    "POST /api/v1/assets/<asset_id>/metadata": Row("401 404 403 200 200 404 200", NOTE),
    "DELETE /api/v1/assets/<asset_id>/metadata": Row("401 404 403 204 204 404 204"),
    "GET /api/v1/business-metadata/<asset_id>": Row("401 404 200 200 200 404 200"),
    "DELETE /api/v1/business-metadata/<asset_id>": Row("401 404 403 204 204 404 204"),
    "GET /api/v1/audit": Row(OWN),
    "GET /api/v1/audit/count": Row(OWN),
    "GET /api/v1/audit/<record_id>": Row(ADMIN),
}

ROWS = ICEBERG | CATALOGS | INSTALLATION | PEOPLE | TOKEN_ROUTES | RIGHTS
