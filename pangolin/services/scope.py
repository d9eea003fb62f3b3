"""What a service function is given: who asks, in which tenant, over which store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pangolin.errors import Forbidden, Unavailable
from pangolin.events import EventSink
from pangolin.identity import ROOT, Principal
from pangolin.settings import Settings
from pangolin.store.api import Record, Store
from pangolin.store.cached import Hints
from pangolin.store.pledged import Pledge, PledgedStore
from pangolin.store.scoped import ScopedStore

if TYPE_CHECKING:
    from pangolin.services.metadata import MetadataCache
    from pangolin.services.objects import Objects

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts one process shares between requests; nothing in it connects before first use."""

    store: Store
    objects: "Objects"
    metadata: "MetadataCache"
    settings: Settings
    clock: Clock
    sinks: Sequence[EventSink] = ()
    hints: Hints[tuple[str, str, str], Any] = field(default_factory=Hints)
    sessions: Hints[str, Record] = field(default_factory=Hints)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key (UUIDv7 text) and the digest of the request it came with."""

    token: str
    digest: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One request's view: the principal, one tenant, and the store of that tenant only."""

    principal: Principal
    tenant: str
    runtime: Runtime
    deadline_ms: int
    request_id: str = ""
    idempotency: Idempotency | None = None
    pledge: Pledge | None = None

    @property
    def store(self) -> ScopedStore:
        """The tenant's records and no others."""
        if self.pledge is None or self.pledge.settled:
            return ScopedStore(self.runtime.store, self.tenant)
        return PledgedStore(self.runtime.store, self.tenant, self.pledge)

    @property
    def system(self) -> Store:
        """The whole store, for root alone."""
        if self.principal.role != ROOT:
            raise Forbidden("only root may look beyond one tenant")
        self.settle()
        return self.runtime.store

    def settle(self) -> None:
        """Confirm the credential by itself, if nothing has been read that confirmed it."""
        if self.pledge is not None:
            self.pledge.settle_on(self.runtime.store)

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self.runtime.settings

    def now(self) -> int:
        """Read the clock in epoch milliseconds."""
        return self.runtime.clock()

    def check_deadline(self) -> None:
        """Raise `Unavailable` once the request has used up its time; call it between steps."""
        if self.now() > self.deadline_ms:
            raise Unavailable("the request took longer than PANGOLIN_REQUEST_TIMEOUT")
