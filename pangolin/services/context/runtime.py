"""The parts one process shares between requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pangolin.errors import UnknownPlugin
from pangolin.interfaces.authentication import IdentityProvider, Principal
from pangolin.interfaces.events import EventSink
from pangolin.services.audit.chains import Chains
from pangolin.services.credentials.cache import CredentialCache
from pangolin.services.credentials.issuance import Handouts
from pangolin.services.sealing.keyring import Vault
from pangolin.settings import Settings
from pangolin.store.api import Store
from pangolin.store.lru import Hints

if TYPE_CHECKING:
    from pangolin.interfaces.credential_vending import CredentialVendor
    from pangolin.interfaces.object_storage import Warehouse
    from pangolin.services.authz.rights import Rights
    from pangolin.services.storage.byte_cache import MetadataCache
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
