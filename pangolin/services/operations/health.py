"""Whether the dependencies of the server can be reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from pangolin.errors import PangolinError
from pangolin.services.context.runtime import Runtime
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.services.storage.warehouse_secrets import as_plugin
from pangolin.store.api import Record
from pangolin.store.documents import WarehouseDoc
from pangolin.store.kinds import TENANT, WAREHOUSE


@dataclass(frozen=True, slots=True)
class Component:
    """A part that was checked: its name, and its problem ('' if there is none)."""

    name: str
    problem: str = ""


def check_store(runtime: Runtime) -> Component:
    """Check the record store."""
    try:
        runtime.store.ping()
    except PangolinError as error:
        return Component("store", error.message)
    return Component("store")


def check_objects(runtime: Runtime) -> Iterator[Component]:
    """Check the object store of each warehouse."""
    for warehouse in every_warehouse(runtime):
        yield check_warehouse(runtime, warehouse)


def check_warehouse(runtime: Runtime, warehouse: Record[WarehouseDoc]) -> Component:
    """Check one warehouse's object store."""
    name = f"warehouse {warehouse.doc['name']}"
    try:
        runtime.part(OBJECTS).open(as_plugin(runtime, warehouse)).check()
    except PangolinError as error:
        return Component(name, error.message)
    return Component(name)


def every_warehouse(runtime: Runtime) -> Iterator[Record[WarehouseDoc]]:
    """Iterate over the warehouses of all tenants."""
    for tenant in runtime.store.scan(TENANT):
        yield from runtime.store.scan(WAREHOUSE, (tenant.doc["tenant"],))
