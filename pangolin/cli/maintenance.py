"""Commands that maintain the store: init, upgrade, gc, doctor."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from pangolin.cli.sessions import opened_server
from pangolin.settings import Settings

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


def tell(notes: Sequence[str], as_json: bool) -> None:
    """Print what was done, one line each or as JSON."""
    if as_json:
        click.echo(json.dumps({"notes": list(notes)}))
        return
    for note in notes or ["nothing to do"]:
        click.echo(note)


@click.command()
@as_json
def init(as_json: bool) -> None:
    """Create the store's layout, the default tenant and the root user; can be repeated."""
    from pangolin.services.operations.bootstrap import initialise
    from pangolin.web.http.loopback import check_settings

    settings = Settings.from_environ()
    check_settings(settings)
    with opened_server(settings) as server:
        tell(initialise(server.runtime).notes, as_json)


@click.command()
@click.option("--dry-run", is_flag=True, help="Count what would change, but change nothing.")
@as_json
def upgrade(dry_run: bool, as_json: bool) -> None:
    """Bring the store's data up to this release; stop the servers first.

    An interrupted upgrade continues when it is run again.
    """
    from pangolin.services.operations.bootstrap import upgrade as bring_up

    with opened_server(Settings.from_environ()) as server:
        tell(bring_up(server.runtime, dry_run=dry_run).notes, as_json)


@click.command()
@click.option("--dry-run", is_flag=True, help="Count what would be removed, but remove nothing.")
@click.option("--files", is_flag=True, help="Also delete files that only deleted branches reach.")
@as_json
def gc(dry_run: bool, files: bool, as_json: bool) -> None:
    """Remove entries, sessions and keys that nothing can reach any more."""
    from pangolin.services.operations.garbage_collection import collect

    with opened_server(Settings.from_environ()) as server:
        report = asdict(collect(server.runtime, dry_run=dry_run, files=files))
    if as_json:
        click.echo(json.dumps(report))
        return
    for name, count in report.items():
        if name != "errors":
            click.echo(f"{name}: {count}{' would be removed' if dry_run else ' removed'}")
    for error in report["errors"]:
        click.echo(f"error: {error}", err=True)


@click.command()
@click.option("--store", is_flag=True, help="Also measure the store and run its own checks.")
@as_json
@click.pass_context
def doctor(ctx: click.Context, store: bool, as_json: bool) -> None:
    """Check settings, plugins, store and object stores; exit 1 if something is wrong."""
    from pangolin.cli.examine import examine, examine_store

    findings = examine_store() if store else examine()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    for finding in () if as_json else findings:
        click.echo(f"{finding.mark:5} {finding.part}")
        if not finding.fine:
            click.echo(f"      {finding.problem}\n      -> {finding.remedy}")
    ctx.exit(0 if all(finding.fine or finding.harmless for finding in findings) else 1)
