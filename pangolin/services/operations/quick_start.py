"""What the first `pangolin serve` creates, so that a client can write at once."""

from pangolin.errors import AlreadyExists
from pangolin.services.catalogs import catalogs
from pangolin.services.context.context import system_context
from pangolin.services.context.runtime import Runtime
from pangolin.services.operations.bootstrap import QUICK_START, insert_once
from pangolin.services.warehouses import warehouses
from pangolin.store.documents import LayoutDoc
from pangolin.store.kinds import LAYOUT

WAREHOUSE = "local"


def quick_start(runtime: Runtime) -> list[str]:
    """Create a file warehouse and the default catalog, once: if deleted, they stay deleted."""
    if runtime.store.get(LAYOUT, (QUICK_START,)) is not None:
        return []
    notes = [*_warehouse(runtime), *_catalog(runtime)]
    record: LayoutDoc = {"name": QUICK_START, "number": 1}
    insert_once(runtime, LAYOUT, record, "")
    return notes


def _warehouse(runtime: Runtime) -> list[str]:
    root = str(runtime.settings.data_path / "warehouse")
    fields = {"name": WAREHOUSE, "storage_config": {"type": "file", "root": root}}
    try:
        warehouses.create(system_context(runtime), fields)
    except AlreadyExists:
        return []
    return [f"created warehouse {WAREHOUSE} in {root}"]


def _catalog(runtime: Runtime) -> list[str]:
    name = runtime.settings.default_catalog
    fields = {"name": name, "warehouse_name": WAREHOUSE}
    try:
        catalogs.create(system_context(runtime), fields)
    except AlreadyExists:
        return []
    return [f"created catalog {name}"]
