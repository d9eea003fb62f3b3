"""The management API, below `/api/v1`, with health and metrics."""

from flask_smorest import Blueprint

from pangolin.web.management import (
    assets,
    branches,
    catalogs,
    installation,
    system,
    tenants,
    warehouses,
)


def blueprints() -> list[Blueprint]:
    """List the blueprints of the management API, each with its URL prefix."""
    return [
        system.users,
        system.system,
        tenants.blp,
        warehouses.blp,
        catalogs.blp,
        branches.blp,
        branches.tags,
        assets.blp,
        installation.blp,
    ]
