"""What an object-store plugin implements: whole objects by location, and a warehouse's options."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pangolin.errors import Conflicting, NotFound
from pangolin.interfaces.checks import Check

if TYPE_CHECKING:
    from pangolin.settings import Settings


class ObjectMissing(NotFound):
    """There is no object at the location."""


class ObjectExists(Conflicting):
    """A conditional write found an existing object."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One listed object: full location, size in bytes, last modification in epoch milliseconds."""

    location: str
    size: int
    modified_ms: int


class ObjectStore(Protocol):
    """Read and write whole objects below one warehouse; locations are full URIs.

    Errors raised: `ObjectMissing`, `ObjectExists`, `errors.Forbidden` (the location is outside the
    warehouse or the store refuses), `errors.Unavailable` (time-out, connection).
    """

    def get(self, location: str) -> bytes:
        """Read a whole object."""

    def put(self, location: str, data: bytes, *, if_absent: bool = False) -> None:
        """Write a whole object durably: a reader sees all of it or none."""

    def head(self, location: str) -> ObjectInfo | None:
        """Describe an object, or None."""

    def delete(self, locations: Sequence[str]) -> None:
        """Delete objects; a missing one is not an error."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Iterate over the objects below a directory-like location, in no promised order."""

    def check(self) -> None:
        """Check with a small read-only call that the storage can be reached; raise if it cannot."""


@dataclass(frozen=True, slots=True)
class Option:
    """One `storage_config` key: canonical name, other accepted spellings, and what it means.

    `secret` values are write-only; `required` ones must be there when a warehouse is saved.
    """

    name: str
    help: str
    aliases: tuple[str, ...] = ()
    secret: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A place in object storage as plugins see it: canonical options with secrets in clear."""

    tenant: str
    id: str
    name: str
    version: int
    config: Mapping[str, str] = field(repr=False)
    use_sts: bool = False
    vending_strategy: object = field(default=None, repr=False)


def no_client_properties(config: Mapping[str, str]) -> Mapping[str, str]:
    """Return no properties: clients reach the storage as they are configured."""
    return {}


def no_flaws(config: Mapping[str, str]) -> Iterable[Check]:
    """Return no flaws."""
    return ()


@dataclass(frozen=True, slots=True)
class ObjectBackend:
    """A registered kind of object storage.

    `type` is the `storage_config` `type` (`s3`, `file`); `schemes[0]` is the canonical URI scheme
    and the others are its aliases. `root(config, settings)` returns the warehouse's location and
    raises `errors.BadRequest` naming the option that is missing or illegal. `open` connects lazily.
    `client(config)` returns the non-secret properties a client's file IO needs (endpoint, region).
    `flaws(config)` returns a failed check for each option that is legal but unlikely to work.
    """

    type: str
    schemes: tuple[str, ...]
    options: tuple[Option, ...]
    root: Callable[[Mapping[str, str], "Settings"], str]
    open: Callable[[Warehouse, "Settings"], ObjectStore]
    client: Callable[[Mapping[str, str]], Mapping[str, str]] = no_client_properties
    help: str = ""
    flaws: Callable[[Mapping[str, str]], Iterable[Check]] = no_flaws
