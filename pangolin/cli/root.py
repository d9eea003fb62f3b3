"""Commands that manage the root user."""

import json

import click

from pangolin.cli.maintenance import as_json
from pangolin.cli.sessions import opened_context


@click.group()
def root() -> None:
    """Manage the root user."""


@root.command()
@as_json
def reset(as_json: bool) -> None:
    """Set a new random password for root and show it once; root is signed out everywhere."""
    from pangolin.services.operations import root_password

    with opened_context() as ctx:
        password = root_password.reset(ctx)
        name = ctx.settings.root_user
    if as_json:
        click.echo(json.dumps({"username": name, "password": password}))
        return
    click.echo(f"user {name} has the password {password} (shown only once)")
