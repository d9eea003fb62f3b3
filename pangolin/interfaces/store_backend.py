"""How a store plugin registers itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pangolin.store.api import Store

if TYPE_CHECKING:
    from pangolin.settings import Settings


@dataclass(frozen=True, slots=True)
class StoreBackend:
    """A registered record store: URL schemes, and how to open one (connecting on first use)."""

    schemes: tuple[str, ...]
    open: Callable[[str, "Settings"], Store]
    help: str = ""
