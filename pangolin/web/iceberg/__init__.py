"""The Iceberg REST API, below `/v1`."""

from flask_smorest import Blueprint

from pangolin.web.iceberg import config, credentials, namespaces, oauth, tables, transactions, views


def blueprints() -> list[Blueprint]:
    """List the blueprints of the Iceberg API, each with its URL prefix."""
    return [
        config.blp,
        credentials.blp,
        namespaces.blp,
        oauth.blp,
        tables.blp,
        transactions.blp,
        views.blp,
    ]
