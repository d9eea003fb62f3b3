"""What a service function is given: who asks, in which tenant, over which store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pangolin.errors import Forbidden, Unavailable, UnknownPlugin
from pangolin.interfaces.authentication import ROOT, IdentityProvider, Principal
from pangolin.interfaces.events import EventSink
from pangolin.services.audit.chains import Chains
from pangolin.services.credentials.cache import CredentialCache
from pangolin.services.credentials.issuance import Handouts
from pangolin.services.sealing.keyring import Vault
from pangolin.settings import Settings
from pangolin.store.api import Store
from pangolin.store.lru import Hints
from pangolin.store.revalidating import Pledge, PledgedStore
from pangolin.store.scoped import ScopedStore

if TYPE_CHECKING:
    from pangolin.interfaces.credential_vending import CredentialVendor
    from pangolin.interfaces.object_storage import Warehouse
    from pangolin.services.authz.rights_loader import Rights
    from pangolin.services.storage.metadata_files import MetadataCache
    from pangolin.services.storage.object_stores import Objects

Clock = Callable[[], int]
WAREHOUSES = 1024


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts one process shares between requests; nothing in it connects before first use."""

    store: Store
    objects: "Objects"
    metadata: "MetadataCache"
    settings: Settings
    clock: Clock
    sinks: Sequence[EventSink] = ()
    providers: Sequence[IdentityProvider] = ()
    hints: Hints[tuple[str, str, str], Any] = field(default_factory=Hints)
    # Credentials this process has checked, by a keyed digest of each.
    sessions: Hints[bytes, "Principal"] = field(default_factory=Hints)
    rights: Hints[tuple[str, str, tuple[str, ...]], "Rights"] = field(default_factory=Hints)
    secrets: Hints[str, Any] = field(default_factory=Hints)
    # Warehouses with their secrets opened, by tenant, id, name and version.
    warehouses: Hints[tuple[str, str, str, int], "Warehouse"] = field(
        default_factory=lambda: Hints(WAREHOUSES), repr=False
    )
    vendors: Mapping[str, "CredentialVendor"] = field(default_factory=dict)
    credentials: CredentialCache = field(default_factory=CredentialCache, repr=False)
    handouts: Handouts = field(default_factory=Handouts)
    # What was seen or done lately, and need not be done again at once.
    recent: Hints[str, Any] = field(default_factory=Hints)
    chains: Chains = field(default_factory=Chains, repr=False)
    vault: Vault = field(default=None, repr=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Make the vault, which needs the settings; nothing is read yet."""
        if self.vault is None:
            object.__setattr__(self, "vault", Vault(self.settings))

    def vendor(self, strategy: str) -> "CredentialVendor":
        """Find what vends by a strategy; raise `UnknownPlugin` listing those installed."""
        found = self.vendors.get(strategy)
        if found is None:
            installed = ", ".join(sorted(self.vendors)) or "none"
            raise UnknownPlugin(
                f"vending_strategy: no installed plugin vends by {strategy!r}; "
                f"installed: {installed}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from, as audit records tell it; empty where that is not known."""

    address: str = ""
    agent: str = ""


NOWHERE = Client()


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
    client: Client = NOWHERE

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
