"""A vendor that counts, made for tests: it mints for directories of this host."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pangolin.plugin import (
    Check,
    CredentialVendor,
    Forbidden,
    Grant,
    PangolinError,
    Prepared,
    Settings,
    Signed,
    SignRequest,
    Vended,
    Warehouse,
    hookimpl,
)

SECRET = "the-secret-of-number"


@dataclass
class CountingVendor:
    """Mints numbered credentials; signs what is inside the access; raises `error` if set."""

    strategies: tuple[str, ...] = ("Counting",)
    types: tuple[str, ...] = ("file",)
    grants: list[Grant] = field(default_factory=list)
    sessions: list[Grant] = field(default_factory=list)
    asked: list[tuple[Grant, SignRequest, tuple[str, ...], Vended | None]] = field(
        default_factory=list
    )
    error: PangolinError | None = None
    life_s: int = 3600
    slow_s: float = 0.0
    has_sessions: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def validate(self, warehouse: Warehouse, settings: Settings) -> None:
        """Find nothing wrong."""

    def identity(self, grant: Grant) -> tuple[str, ...]:
        """Have a credential say for whom it is."""
        return (grant.principal,)

    def vend(self, grant: Grant) -> Vended:
        """Mint."""
        return self._minted(self.grants, grant)

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        """Need nothing."""
        return None

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        """Try nothing."""
        return ()

    def session(self, grant: Grant) -> Vended | None:
        """Mint what requests are signed with."""
        return self._minted(self.sessions, grant) if self.has_sessions else None

    def signing_properties(self, warehouse: Warehouse) -> Mapping[str, str]:
        """Return a property that marks requests as signed."""
        return {"counting.signed": "true"}

    def sign(
        self,
        grant: Grant,
        request: SignRequest,
        protected: tuple[str, ...],
        session: Vended | None,
    ) -> Signed:
        """Sign requests inside the access."""
        self.asked.append((grant, request, protected, session))
        inside = any(request.uri.startswith(f"{path}/") for path in grant.access.read)
        if not inside or request.uri in protected:
            raise Forbidden("this request is not signed", details={"rule": "outside"})
        return Signed(request.uri, {"authorization": ("signed",)}, request.method == "GET")

    def _minted(self, seen: list[Grant], grant: Grant) -> Vended:
        time.sleep(self.slow_s)
        with self.lock:
            if self.error is not None:
                raise self.error
            seen.append(grant)
            number = len(seen)
        ends = time.time_ns() // 1_000_000 + self.life_s * 1000
        config = {"counting.key-id": f"key-{number}", "counting.secret": f"{SECRET}-{number}"}
        return Vended(config, ends, {"key-id": f"key-{number}"})


class CountingPlugin:
    """Registers the vendor."""

    def __init__(self, vendor: CountingVendor) -> None:
        self.vendor = vendor
        self.name = "counting"

    @hookimpl
    def pangolin_credential_vendors(self) -> Sequence[CredentialVendor]:
        """Register it."""
        return [self.vendor]


def granted(vendor: CountingVendor) -> list[dict[str, Any]]:
    """Show what was minted: the last segments of the directories, by privilege."""
    return [
        {
            name: [path.rpartition("/")[2].split("-")[0] for path in getattr(grant.access, name)]
            for name in ("read", "write", "delete")
        }
        for grant in vendor.grants
    ]
