"""The management API, below `/api/v1`, with health and metrics."""

from flask_smorest import Blueprint

from pangolin.web.iceberg import oauth
from pangolin.web.management import (
    assets,
    audit,
    branches,
    business_metadata,
    catalogs,
    credentials,
    oauth_login,
    permissions,
    roles,
    service_users,
    settings,
    system,
    tenants,
    tokens,
    users,
    warehouses,
)


def blueprints() -> list[Blueprint]:
    """List the blueprints of the management API, each with its URL prefix."""
    return [
        system.system,
        users.blp,
        service_users.blp,
        tokens.blp,
        tenants.blp,
        warehouses.blp,
        catalogs.blp,
        credentials.blp,
        branches.blp,
        branches.tags,
        assets.blp,
        business_metadata.blp,
        roles.blp,
        permissions.blp,
        audit.blp,
        settings.blp,
        oauth_login.blp,
        oauth.aliases,
    ]
