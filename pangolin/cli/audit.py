"""Commands on the audit log: export and verify."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

import click

from pangolin.cli.maintenance import as_json
from pangolin.cli.sessions import opened_server
from pangolin.settings import Settings

if TYPE_CHECKING:
    from pangolin.services.audit.chains import Head
    from pangolin.services.audit.verification import Verdict
    from pangolin.services.context.runtime import Runtime

TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"]
time = click.DateTime(TIMES)
tenant_option = click.option("--tenant", help="Only this tenant, by id or name.")


@click.group()
def audit() -> None:
    """Export the audit log, or verify that it is complete."""


@audit.command()
@click.argument("file", type=click.File("wb"), default="-")
@tenant_option
@click.option("--since", type=time, metavar="TIME", help="Not before this day or time (RFC 3339).")
@click.option("--until", type=time, metavar="TIME", help="Before this day or time (RFC 3339).")
def export(
    file: IO[bytes], tenant: str | None, since: datetime | None, until: datetime | None
) -> None:
    """Write records as JSON lines, oldest first, with their signatures."""
    from pangolin.services.audit.export import lines

    with opened_server(Settings.from_environ()) as server:
        wanted = _tenant(server.runtime, tenant)
        for line in lines(server.runtime, wanted, _ms(since), _ms(until)):
            file.write(line)


@audit.command()
@tenant_option
@click.option("--keep", type=click.File("w"), help="Write all segments' heads to this file.")
@click.option(
    "--against", type=click.File("r"), help="A file written by --keep and kept elsewhere."
)
@click.option("--searches", is_flag=True, help="Also verify that searches leave out no record.")
@as_json
@click.pass_context
def verify(
    ctx: click.Context,
    tenant: str | None,
    keep: IO[str] | None,
    against: IO[str] | None,
    searches: bool,
    as_json: bool,
) -> None:
    """Verify that the log is complete; print the first broken record and exit 1 if it is not.

    Records removed from the newest end are detected only with a file of heads kept elsewhere.
    """
    from pangolin.services.audit.index_verification import first_hidden
    from pangolin.services.audit.verification import verify as verified

    kept = _read(against) if against else {}
    with opened_server(Settings.from_environ()) as server:
        verdicts = list(verified(server.runtime, _tenant(server.runtime, tenant), kept))
        for verdict in verdicts if searches else ():
            verdict.broken = verdict.broken or first_hidden(server.runtime.store, verdict.tenant)
    if keep is not None:
        keep.writelines(_heads(verdicts))
    for verdict in verdicts:
        click.echo(json.dumps(_row(verdict)) if as_json else _sentence(verdict))
    ctx.exit(1 if any(verdict.broken for verdict in verdicts) else 0)


def _tenant(runtime: Runtime, wanted: str | None) -> str | None:
    from pangolin.services.audit.segments import tenants
    from pangolin.web.context import find_tenant

    # The log of a deleted tenant is still there, under its id.
    if wanted is None or wanted.lower() in tenants(runtime.store):
        return wanted and wanted.lower()
    return find_tenant(runtime, wanted)


def _ms(time: datetime | None) -> int | None:
    if time is None:
        return None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _read(file: IO[str]) -> dict[str, list[Head]]:
    from pangolin.errors import BadRequest
    from pangolin.services.audit.chains import Head

    kept: dict[str, list[Head]] = {}
    for at, line in enumerate(file, 1):
        try:
            tenant, segment, number, mac = line.split()
            kept.setdefault(tenant, []).append(Head(segment, int(number), mac))
        except ValueError:
            raise BadRequest(f"line {at} of the file of heads is not a head") from None
    return kept


def _heads(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        for head in verdict.heads:
            yield f"{verdict.tenant} {head.segment} {head.number} {head.mac}\n"


def _row(verdict: Verdict) -> Mapping[str, object]:
    return {
        "tenant": verdict.tenant,
        "segments": verdict.segments,
        "records": verdict.records,
        "digest": verdict.digest,
        "broken": asdict(verdict.broken) if verdict.broken else None,
    }


def _sentence(verdict: Verdict) -> str:
    broken = verdict.broken
    if broken is None:
        counted = f"{verdict.records} records in {verdict.segments} segments"
        return f"tenant {verdict.tenant}: {counted}, head {verdict.digest}"
    record = "" if broken.number is None else f", record {broken.number}"
    named = f" ({broken.id})" if broken.id else ""
    return f"BROKEN tenant {broken.tenant}, segment {broken.segment}{record}{named}: {broken.what}"
