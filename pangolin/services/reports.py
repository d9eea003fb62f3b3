"""Metrics reports of engines: handed to the event sinks, whatever their type and fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from pangolin.services import addressing, changes, tables
from pangolin.services.relations import TABLES, resource
from pangolin.services.scope import Scope


def accept(
    scope: Scope, prefix: str, levels: Sequence[str], name: str, report: Mapping[str, Any]
) -> None:
    """Take a scan or commit report of an existing table; raise `NoSuchTable`."""
    tables.exists(scope, prefix, levels, name)
    address = addressing.asset(scope, prefix, levels, name)
    changes.publish(scope, "report_metrics", resource(address, TABLES), report)
