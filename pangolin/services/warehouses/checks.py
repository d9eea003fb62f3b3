"""Checks of a warehouse: what its vendor proves by live calls, stored beside the warehouse."""

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from pangolin.errors import BadRequest, Conflicting, PangolinError
from pangolin.iceberg.locations import parse_location
from pangolin.interfaces.checks import Check
from pangolin.interfaces.object_storage import ObjectStore, Warehouse
from pangolin.services.context.context import Context
from pangolin.services.context.redaction import redacted
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.times import rfc3339
from pangolin.services.storage.object_stores import OBJECTS
from pangolin.services.storage.vending_strategies import strategy_of
from pangolin.store.api import ANY, Change, Delete, Put, Record
from pangolin.store.documents import WarehouseCheckDoc
from pangolin.store.kinds import WAREHOUSE_CHECK

log = logging.getLogger(__name__)
# Where the checks write files; nothing else is ever written there.
PROBE: Final = ".pangolin-check-"
# The longest that saving a warehouse waits for a store that does not answer.
WAIT_S: Final = 10.0
LONGEST: Final = 1000
REACH: Final = "check the options, the network, and what the store lets the server do"
WAY_OUT: Final = "fix it, or save it with PANGOLIN_WAREHOUSE_CHECKS=record"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The results of checking a warehouse, and their time (epoch milliseconds)."""

    at_ms: int
    checks: tuple[Check, ...]

    @property
    def failed(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.result == "failed"]

    def to_json(self) -> dict[str, Any]:
        """Return the report in the form of the management API."""
        return {"checked_at": rfc3339(self.at_ms), "checks": [asdict(each) for each in self.checks]}

    def put(self, warehouse: str) -> Put[WarehouseCheckDoc]:
        """Build the change that stores the report."""
        checks = [asdict(each) for each in self.checks]
        return Put(
            WAREHOUSE_CHECK,
            {"warehouse": warehouse, "checked_at_ms": self.at_ms, "checks": checks},
            ANY,
        )


class CheckRun:
    """The checks of a warehouse that is about to be saved: run once, even if the save retries.

    The setting `warehouse_checks` says whether they run, and whether a failure refuses the save.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._made: tuple[Warehouse, CheckReport] | None = None

    def of(self, warehouse: Warehouse) -> CheckReport | None:
        """Check a warehouse; raise `BadRequest` with the `checks` if one fails that must not."""
        mode = self._ctx.settings.warehouse_checks
        if mode == "off":
            return None
        if self._made is None or not _alike(self._made[0], warehouse):
            self._made = (warehouse, run_checks(self._ctx.runtime, warehouse))
        found = self._made[1]
        if mode == "require" and found.failed:
            raise _refusal(warehouse, found)
        return found


def kept(report: CheckReport | None, warehouse: str) -> Change:
    """Build the change that stores a report, or deletes the old one if no checks were run."""
    return report.put(warehouse) if report else Delete(WAREHOUSE_CHECK, (warehouse,))


def run_checks(runtime: Runtime, warehouse: Warehouse, wait_s: float = WAIT_S) -> CheckReport:
    """Check a warehouse for at most `wait_s` seconds; add a failed check if time runs out."""
    wait_s = min(wait_s, runtime.settings.request_timeout / 2)
    found: list[Check] = []
    # A thread, because no SDK guarantees to return in time; it cleans up when it does.
    worker = threading.Thread(
        target=_collect, args=(runtime, warehouse, found), name="warehouse-check", daemon=True
    )
    worker.start()
    worker.join(wait_s)
    checks = list(found)
    if worker.is_alive():
        late = f"the store did not answer every check within {wait_s:g} seconds"
        checks.append(Check("time", "failed", late, REACH))
    return CheckReport(runtime.clock(), tuple(checks))


def read(ctx: Context, warehouses: Sequence[str]) -> list[CheckReport | None]:
    """Read the last report of each warehouse (by id)."""
    found = ctx.store.get_many([(WAREHOUSE_CHECK, (each,)) for each in warehouses])
    return [from_record(record) for record in found]


def from_record(record: Record[WarehouseCheckDoc] | None) -> CheckReport | None:
    """Return the report that a record holds."""
    if record is None:
        return None
    checks = tuple(Check(**each) for each in record.doc["checks"])
    return CheckReport(record.doc["checked_at_ms"], checks)


def unchanged(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether nothing has changed that the checks depend on."""
    names = ("storage_config", "vending_strategy", "use_sts", "secrets")
    return all(before.get(name) == after.get(name) for name in names)


def changed_meanwhile(name: str) -> Conflicting:
    """Build the error for a warehouse that was changed while it was checked."""
    return Conflicting(f"warehouse {name} was changed while it was checked: check it again")


def as_record(warehouse: Warehouse) -> Mapping[str, Any]:
    """Return the fields of a warehouse that determine its strategy."""
    return {
        "storage_config": warehouse.config,
        "use_sts": warehouse.use_sts,
        "vending_strategy": warehouse.vending_strategy,
    }


def _alike(one: Warehouse, other: Warehouse) -> bool:
    return replace(one, version=0, name="") == replace(other, version=0, name="")


def _refusal(warehouse: Warehouse, found: CheckReport) -> BadRequest:
    reasons = "; ".join(f"{check.name}: {check.detail}" for check in found.failed)
    return BadRequest(
        f"warehouse {warehouse.name} fails its checks: {reasons} ({WAY_OUT})",
        details={"checks": found.to_json()["checks"]},
    )


def _collect(runtime: Runtime, warehouse: Warehouse, found: list[Check]) -> None:
    try:
        for check in _checks(runtime, warehouse):
            found.append(_plain(check))
    except PangolinError as error:
        found.append(_plain(Check("check", "failed", error.message, REACH)))
    except Exception as error:
        log.exception("checking warehouse %s failed", warehouse.name)
        found.append(Check("check", "unknown", f"a plugin failed: {type(error).__name__}", REACH))


def _checks(runtime: Runtime, warehouse: Warehouse) -> Iterator[Check]:
    yield from runtime.part(OBJECTS).flaws(warehouse.config)
    root = parse_location(runtime.part(OBJECTS).root(warehouse.config))
    probe = str(root.child(f"{PROBE}{uuid.uuid4().hex}"))
    strategy = strategy_of(as_record(warehouse))
    if strategy is None:
        yield _inside(runtime.part(OBJECTS).open_unsaved(warehouse), probe)
    else:
        yield from runtime.vendor(strategy).check(warehouse, probe)


def _inside(store: ObjectStore, probe: str) -> Check:
    """Check the operations that every table needs of its store."""
    file = f"{probe}/file"
    try:
        store.put(file, b"probe")
        whole = store.get(file) == b"probe" and [each.location for each in store.list(probe)]
    except PangolinError as error:
        return Check("inside", "failed", error.message, REACH)
    finally:
        with suppress(PangolinError):
            store.delete([file])
    if not whole:
        return Check("inside", "failed", "what was read differs from what was written", REACH)
    return Check("inside", "passed")


def _plain(check: Check) -> Check:
    def short(text: str) -> str:
        return redacted(text)[:LONGEST]

    return replace(check, detail=short(check.detail), remedy=short(check.remedy))


def to_json(report: CheckReport | None) -> Mapping[str, Any]:
    """Return the members of a warehouse's answer that describe its checks."""
    return report.to_json() if report else {"checked_at": None, "checks": []}
