"""Commands that move data: copy, export, import."""

from __future__ import annotations

import hashlib
import json
import tempfile
from typing import IO

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pangolin.cli.maintenance import as_json
from pangolin.cli.sessions import opened_store
from pangolin.services.operations.store_copy import Tally
from pangolin.settings import Settings
from pangolin.store.api import Kind, Store


@click.command()
@click.argument("from_url")
@click.argument("to_url")
@as_json
def copy(from_url: str, to_url: str, as_json: bool) -> None:
    """Copy a whole installation from one store to another, of any kind.

    Stop the servers first. Run an interrupted copy again to finish it.
    """
    origin = hashlib.sha256(from_url.encode()).hexdigest()
    with opened_store(from_url) as source, opened_store(to_url) as target:
        tallies = _copied(source, target, origin, quiet=as_json)
    if as_json:
        click.echo(json.dumps([_row(each) for each in tallies]))
        return
    for each in tallies:
        if each.count:
            click.echo(f"{each.kind}: {each.count} records, digest {each.digest[:16]}")
    click.echo("the copy is complete: counts and digests agree")


def _copied(source: Store, target: Store, origin: str, *, quiet: bool) -> list[Tally]:
    from pangolin.services.operations import store_copy
    from pangolin.store.kinds import ALL

    source.setup(ALL)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), transient=True, disable=quiet) as bar:
        task = bar.add_task("records", total=sum(source.count(kind) for kind in ALL))

        def advance(kind: Kind, count: int) -> None:
            bar.update(task, advance=count, description=kind.name)

        return store_copy.copy(source, target, origin, progress=advance)


@click.command()
@click.argument("file", type=click.File("wb"), default="-")
@click.option("--tenant", help="Only this tenant, by id.")
def export(file: IO[bytes], tenant: str | None) -> None:
    """Write all records, or one tenant's, as JSON lines; secrets stay as they are stored."""
    from pangolin.services.context.times import epoch_ms
    from pangolin.services.operations.export import export as write

    settings = Settings.from_environ()
    with opened_store(settings.effective_store_url) as store:
        counts = write(store, file, tenant=tenant, now_ms=epoch_ms())
    click.echo(f"{sum(counts.values())} records of {len(counts)} kinds", err=True)


@click.command("import")
@click.argument("file", type=click.File("rb"), default="-")
@as_json
def import_(file: IO[bytes], as_json: bool) -> None:
    """Import the records of an export; no existing record is overwritten."""
    from pangolin.services.operations.export import import_ as read
    from pangolin.services.operations.migrations import newest

    url = Settings.from_environ().effective_store_url
    with opened_store(url) as store, tempfile.TemporaryFile() as spool:
        # The file is read twice, and standard input can be read once.
        while block := file.read(1 << 20):
            spool.write(block)
        spool.seek(0)
        counts = read(store, spool, layout=newest())
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo(f"{sum(counts.values())} records of {len(counts)} kinds were imported")


def _row(tally: Tally) -> dict[str, object]:
    return {"kind": tally.kind, "count": tally.count, "digest": tally.digest}
