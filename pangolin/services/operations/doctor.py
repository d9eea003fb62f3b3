"""Check each dependency of the server; report what is wrong and how to fix it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pangolin.errors import PangolinError
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.operations import health
from pangolin.services.operations.bootstrap import QUICK_START, layout_number
from pangolin.services.operations.migrations import newest
from pangolin.services.warehouses import checks
from pangolin.settings import Settings
from pangolin.store import kinds


@dataclass(frozen=True, slots=True)
class Finding:
    """A part that was checked; `problem` and `remedy` are empty when nothing is wrong.

    `harmless` marks a problem that does not keep anything from working.
    """

    part: str
    problem: str = ""
    remedy: str = ""
    harmless: bool = False

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem

    @property
    def mark(self) -> str:
        """The word that begins the finding's line."""
        return "ok" if self.fine else "note" if self.harmless else "WRONG"


def check_data_dir(settings: Settings) -> Finding:
    """Check whether the data directory, or the place where it will be created, is writable."""
    part, path = f"data directory {settings.data_path}", settings.data_path
    while not path.exists():
        path = path.parent
    if path.is_dir() and os.access(path, os.W_OK | os.X_OK):
        return Finding(part)
    remedy = f"make {path} a directory that this user can write to, or set PANGOLIN_DATA_DIR"
    return Finding(part, f"{path} is not writable", remedy)


def check_runtime(runtime: Runtime) -> Iterator[Finding]:
    """Check the store, its layout, the default catalog and every warehouse."""
    store = health.check_store(runtime)
    if store.problem:
        remedy = "start the database and check PANGOLIN_STORE_URL"
        if runtime.settings.is_quick_start:
            remedy = "run `pangolin init` or `pangolin serve` to create it"
        yield Finding("store", store.problem, remedy)
        return
    yield Finding("store")
    layout = _check_layout(runtime)
    yield layout
    if not layout.fine:
        return
    yield from _check_catalog(runtime)
    for warehouse in health.check_objects(runtime):
        remedy = "check its storage_config, the network and the permissions of the object store"
        yield Finding(warehouse.name, warehouse.problem, remedy if warehouse.problem else "")
    yield from failed_trials(runtime)


def failed_trials(runtime: Runtime) -> Iterator[Finding]:
    """List what failed in the last checks of warehouses; nothing is checked again."""
    for record in health.every_warehouse(runtime):
        key = (record.doc["tenant"], record.doc["id"])
        tried = checks.from_record(runtime.store.get(kinds.WAREHOUSE_CHECK, key))
        for check in tried.failed if tried else ():
            part = f"warehouse {record.doc['name']}: {check.name}"
            again = f"then POST /api/v1/warehouses/{record.doc['name']}/check"
            yield Finding(part, check.detail, f"{check.remedy or 'fix it'}; {again}")


def _check_layout(runtime: Runtime) -> Finding:
    try:
        found = layout_number(runtime)
    except PangolinError as error:
        return Finding("layout", error.message, "run `pangolin init`")
    if found is None:
        return Finding("layout", "the store is empty", "run `pangolin init` or `pangolin serve`")
    if found < newest():
        return Finding("layout", f"it is number {found}", "run `pangolin upgrade`")
    if found > newest():
        return Finding("layout", f"it is number {found}", "install the release that created it")
    return Finding(f"layout {found}")


def _check_catalog(runtime: Runtime) -> Iterator[Finding]:
    name = runtime.settings.default_catalog
    if not name:
        return
    part = f"default catalog {name}"
    if runtime.settings.is_quick_start and not runtime.store.get(kinds.LAYOUT, (QUICK_START,)):
        yield Finding(f"{part} is created by the first `pangolin serve`")
    elif runtime.store.get(kinds.CATALOG, (DEFAULT_TENANT, name)) is None:
        remedy = "create it, or set PANGOLIN_DEFAULT_CATALOG to one that exists"
        yield Finding(part, "it does not exist", remedy)
    else:
        yield Finding(part)
