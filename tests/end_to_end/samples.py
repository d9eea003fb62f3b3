"""Rows that the suites write and read back."""

from typing import Any

import pyarrow as pa
from pyiceberg.table import Table

ARROW = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string())])


def people(*ids: int, name: str = "n") -> pa.Table:
    """Build rows of (id, name) with these ids."""
    return pa.table({"id": list(ids), "name": [f"{name}{each}" for each in ids]}, schema=ARROW)


def rows(table: Table, **scan: Any) -> list[tuple[Any, ...]]:
    """Read all rows that a scan finds, as sorted tuples."""
    return sorted(tuple(row.values()) for row in table.scan(**scan).to_arrow().to_pylist())


def ids(table: Table, **scan: Any) -> list[int]:
    """Read the ids that a scan finds, in order."""
    return sorted(table.scan(**scan).to_arrow()["id"].to_pylist())


def reload(table: Table) -> Table:
    """Load a table again, as another client would."""
    loaded: Table = table.catalog.load_table(table.name())
    return loaded
