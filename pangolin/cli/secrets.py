"""Commands that manage the keys that seal secrets."""

import json
from dataclasses import asdict

import click

from pangolin.cli.maintenance import as_json
from pangolin.cli.sessions import opened_context


@click.group()
def secrets() -> None:
    """Manage the keys that seal secrets in the store."""


@secrets.command("new-key")
def new_key() -> None:
    """Print a new key for PANGOLIN_SECRET_KEYS; put it first and keep the others."""
    from pangolin.services.sealing import keyring

    click.echo(keyring.new_key())


@secrets.command()
@as_json
def rotate(as_json: bool) -> None:
    """Re-seal every secret with the first key; can be repeated. Older keys can then be removed."""
    from pangolin.services.operations import secret_rotation

    with opened_context() as ctx:
        done = secret_rotation.reseal(ctx)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in done]))
        return
    for each in done:
        click.echo(f"{each.kind}: {each.resealed} re-sealed, {each.current} already current")
