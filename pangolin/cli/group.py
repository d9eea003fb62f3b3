"""The command group: our commands, those of plugins, and failures in one sentence."""

from __future__ import annotations

from typing import Any

import click

from pangolin.errors import PangolinError
from pangolin.settings import Settings


class Refused(click.ClickException):
    """A mistake that the operator has to correct."""

    exit_code = 2


class Group(click.Group):
    """A group whose plugin commands are looked up only if none of ours matches."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List our commands and the plugins'."""
        return sorted({*super().list_commands(ctx), *self._plugin_commands().commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command; plugins are loaded only for a name that is not ours."""
        own = super().get_command(ctx, cmd_name)
        return own or self._plugin_commands().commands.get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a domain error becomes one line and exit status 2."""
        try:
            return super().invoke(ctx)
        except PangolinError as error:
            raise Refused(error.message) from error

    def _plugin_commands(self) -> click.Group:
        from pangolin.registry import Registry

        found = click.Group()
        try:
            Registry(Settings.from_environ()).add_commands(found)
        except PangolinError as error:
            # Help and `pangolin doctor` must still work when a plugin is broken.
            click.echo(f"plugins are not loaded: {error.message}", err=True)
        return found
