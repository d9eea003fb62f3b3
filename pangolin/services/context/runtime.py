"""What one process shares between requests: store, settings, clock, plugins and parts.

A capability that keeps something in memory declares a `Part` of its own, so that the runtime knows
no capability.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from pangolin.errors import UnknownPlugin
from pangolin.interfaces.authentication import IdentityProvider
from pangolin.interfaces.credential_vending import CredentialVendor
from pangolin.interfaces.events import EventSink
from pangolin.interfaces.object_storage import ObjectBackend
from pangolin.services.context.parts import Parts
from pangolin.settings import Settings
from pangolin.store.api import Store

Clock = Callable[[], int]
T = TypeVar("T")


class Part(Generic[T]):
    """The key of an object that a process makes once and shares between requests.

    A forked process makes its own, unless the part is `inherited`.
    """

    def __init__(self, make: Callable[["Runtime"], T], *, inherited: bool = False) -> None:
        self.make = make
        self.inherited = inherited


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one process shares between requests; nothing in it connects before first use."""

    store: Store
    settings: Settings
    clock: Clock
    object_backends: Sequence[ObjectBackend] = ()
    vendors: Mapping[str, CredentialVendor] = field(default_factory=dict)
    sinks: Sequence[EventSink] = ()
    providers: Sequence[IdentityProvider] = ()
    parts: Parts = field(default_factory=Parts, repr=False)

    def part(self, key: Part[T]) -> T:
        """Return the object that this process shares under a key, made on first use."""
        # Called many times per request: an existing object is found without a lock.
        found = self.parts.made.get(key)
        if found is None:
            found = self.parts.get(key, lambda: key.make(self), inherited=key.inherited)
        return cast(T, found)

    def vendor(self, strategy: str) -> CredentialVendor:
        """Find the vendor of a strategy; raise `UnknownPlugin` listing the installed ones."""
        found = self.vendors.get(strategy)
        if found is None:
            installed = ", ".join(sorted(self.vendors)) or "none"
            raise UnknownPlugin(
                f"vending_strategy: no installed plugin vends by {strategy!r}; "
                f"installed: {installed}"
            )
        return found
