"""A vendor of local files whose checks come out as a test says."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pangolin.plugin import (
    BadRequest,
    Check,
    CredentialVendor,
    Grant,
    Prepared,
    Settings,
    Vended,
    Warehouse,
    hookimpl,
)


@dataclass
class Vendor:
    """The strategy `Magic`; `seen` are the warehouses that were tried, and where."""

    results: tuple[Check, ...] = (Check("inside", "passed"),)
    error: Exception | None = None
    hangs: threading.Event | None = None
    seen: list[tuple[Warehouse, str]] = field(default_factory=list)
    strategies: tuple[str, ...] = ("Magic",)
    types: tuple[str, ...] = ("file",)

    @hookimpl
    def pangolin_credential_vendors(self) -> Sequence[CredentialVendor]:
        return [self]

    def validate(self, warehouse: Warehouse, settings: Settings) -> None:
        strategy = warehouse.vending_strategy
        if isinstance(strategy, dict) and "word" not in strategy["Magic"]:
            raise BadRequest("vending_strategy.Magic.word is required")

    def identity(self, grant: Grant) -> tuple[str, ...]:
        return ()

    def vend(self, grant: Grant) -> Vended:
        return Vended({"word": "abracadabra"}, 0)

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        return Prepared(f"id-of-{warehouse.id}", {"policy": {"Principal": "server"}})

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        self.seen.append((warehouse, probe))
        yield from self.results
        if self.hangs is not None:
            self.hangs.wait(60)
        if self.error is not None:
            raise self.error
