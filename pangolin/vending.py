"""What a credential vendor implements; the vending service itself is not part of this release."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pangolin.objects import Warehouse


@dataclass(frozen=True, slots=True)
class Grant:
    """What to mint for: a warehouse, validated stored locations, and the privileges on them."""

    warehouse: Warehouse
    principal: str
    locations: tuple[str, ...]
    privileges: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vended:
    """A minted credential: client properties and its expiry in epoch milliseconds."""

    config: Mapping[str, str] = field(repr=False)
    expires_at_ms: int


class CredentialVendor(Protocol):
    """Mint short-lived credentials narrowed to the locations of a grant."""

    strategies: tuple[str, ...]

    def validate(self, warehouse: Warehouse) -> None:
        """Raise `errors.BadRequest` naming the option that is missing or illegal."""

    def vend(self, grant: Grant) -> Vended:
        """Mint a credential."""
