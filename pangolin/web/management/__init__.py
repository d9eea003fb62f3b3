"""Blueprints."""

from flask_smorest import Blueprint

from pangolin.web.management import system


def blueprints() -> list[Blueprint]:
    """List the blueprints."""
    return [system.users, system.system]
