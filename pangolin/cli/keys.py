"""Commands that manage the keys that sign tokens."""

import json

import click

from pangolin.cli.inspect import table
from pangolin.cli.maintenance import as_json
from pangolin.cli.sessions import opened_context


@click.group()
def keys() -> None:
    """Manage the keys that sign tokens."""


@keys.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the signing keys, the oldest first."""
    from pangolin.services.context.times import rfc3339
    from pangolin.services.operations import signing_key_rotation

    with opened_context() as ctx:
        rows = signing_key_rotation.page(ctx)
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        row["since"] = rfc3339(row["created_at_ms"])
    table([(row["kid"], row["since"], "signs" if row["signs"] else "") for row in rows])


@keys.command()
@as_json
def rotate(as_json: bool) -> None:
    """Create a new key that signs from now on; nobody is logged out."""
    from pangolin.services.operations import signing_key_rotation

    with opened_context() as ctx:
        kid = signing_key_rotation.rotate(ctx)
    click.echo(json.dumps({"kid": kid}) if as_json else f"{kid} signs from now on")


@keys.command()
@click.argument("kid")
@as_json
def revoke(kid: str, as_json: bool) -> None:
    """Remove a key; every token that it signed is refused at once."""
    from pangolin.services.operations import signing_key_rotation

    with opened_context() as ctx:
        signing_key_rotation.revoke(ctx, kid)
    click.echo(json.dumps({"kid": kid}) if as_json else f"tokens signed by {kid} are refused")
