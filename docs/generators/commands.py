"""The reference of commands, from the command line itself."""

import inspect

import click

from docs.generators.markdown import code, document, table
from pangolin.cli import main

INTRO = """
A command that fails because of a problem that you can fix reports it in one line and exits with 2.
`--json`, where available, prints machine-readable output. Plugins may add commands;
`pangolin --help` lists them too.
"""


def page() -> str:
    """Write the page."""
    parts = [INTRO]
    for name, command in sorted(main.commands.items()):
        parts += _command(name, command)
    return document("Commands", *parts)


def _command(name: str, command: click.Command, level: str = "##") -> list[str]:
    context = click.Context(command, info_name=f"pangolin {name}")
    usage = " ".join((f"pangolin {name}", *command.collect_usage_pieces(context)))
    parts = [f"{level} `pangolin {name}`", code(usage), inspect.cleandoc(command.help or "")]
    records = (
        each.get_help_record(context)
        for each in command.get_params(context)
        if isinstance(each, click.Option)
    )
    rows = [(f"`{option}`", " ".join(text.split())) for option, text in filter(None, records)]
    below = command.commands if isinstance(command, click.Group) else {}
    nested = (_command(f"{name} {each}", below[each], f"{level}#") for each in sorted(below))
    return [*parts, table(("option", "meaning"), rows), *(part for each in nested for part in each)]
