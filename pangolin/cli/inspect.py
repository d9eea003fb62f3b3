"""Commands that only show something: plugins, settings, openapi."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import click

from pangolin.cli.maintenance import as_json
from pangolin.services.context.redaction import MASK
from pangolin.settings import PREFIX, Settings, masked_url, unknown_variables


@click.command()
@as_json
def plugins(as_json: bool) -> None:
    """List the loaded plugins, what they implement and the schemes they serve."""
    from pangolin.registry import Registry

    rows = [asdict(row) for row in Registry(Settings.from_environ()).plugins()]
    if as_json:
        click.echo(json.dumps(rows))
        return
    table([(r["name"], r["distribution"], r["version"], *map(_words, _lists(r))) for r in rows])


@click.command()
@as_json
def settings(as_json: bool) -> None:
    """List every setting, its value and its source; secrets are masked.

    Variables that are named like settings but are not are reported on stderr.
    """
    for unknown in unknown_variables():
        click.echo(f"warning: {unknown}", err=True)
    rows = _setting_rows(Settings.from_environ())
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['variable']}={row['value']}  ({row['source']})\n    {row['help']}")


@click.command()
@click.argument("api", type=click.Choice(["iceberg", "management"]), default="iceberg")
def openapi(api: str) -> None:
    """Print the OpenAPI document of one of the two APIs."""
    from pangolin.app import create_app
    from pangolin.web.openapi import document_of

    app = create_app(Settings.from_environ())
    click.echo(json.dumps(document_of(app, api.upper()), indent=2))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _lists(row: dict[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    return row["hooks"], row["schemes"]


def _words(items: Sequence[str]) -> str:
    return ", ".join(items) or "-"


def _setting_rows(current: Settings) -> list[dict[str, Any]]:
    rows = []
    for item in fields(current):
        value = getattr(current, item.name)
        shown = MASK if item.metadata["secret"] and value else value
        if item.name == "store_url":
            shown = masked_url(value)
        variable = f"{PREFIX}{item.name.upper()}"
        rows.append(
            {
                "name": item.name,
                "variable": variable,
                "value": ", ".join(shown) if isinstance(shown, tuple) else shown,
                "source": _source(variable, value, item.default),
                "help": item.metadata["help"],
            }
        )
    return rows


def _source(variable: str, value: Any, default: Any) -> str:
    if variable in os.environ:
        return "environment"
    return "default" if value == default else "quick start"
