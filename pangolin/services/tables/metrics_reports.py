"""Metrics reports of engines, passed to the event sinks whatever their type and fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.services.changes import batch
from pangolin.services.context.context import Context
from pangolin.services.tables import tables
from pangolin.services.versioned import addressing
from pangolin.services.versioned.relations import TABLES, resource


def accept(
    ctx: Context, prefix: str, levels: Sequence[str], name: str, report: Mapping[str, Any]
) -> None:
    """Accept a scan or commit report of an existing table; raise `NoSuchTable`."""
    tables.exists(ctx, prefix, levels, name)
    address = addressing.asset(ctx, prefix, levels, name)
    batch.publish(ctx, "report_metrics", resource(address, TABLES), report)
