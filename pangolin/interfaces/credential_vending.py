"""What a credential vendor implements: short-lived credentials, narrowed to given directories."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pangolin.interfaces.object_storage import Warehouse

if TYPE_CHECKING:
    from pangolin.settings import Settings
from pangolin.interfaces.checks import Check


@dataclass(frozen=True, slots=True)
class Access:
    """Directories by what is allowed below them: validated, canonical, without a trailing slash.

    If all are empty, nothing is allowed.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What to mint: a warehouse, the access, for whom (id and name), and for how many seconds."""

    warehouse: Warehouse
    access: Access
    principal: str
    principal_name: str
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Vended:
    """A minted credential: client properties, and its expiry in epoch ms according to its issuer.

    `details` are for the audit log: key ids and sizes, nothing that grants access.
    """

    config: Mapping[str, str] = field(repr=False)
    expires_at_ms: int
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an administrator must set up before a warehouse works: an id, documents to paste."""

    external_id: str
    documents: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SignRequest:
    """An object-storage request that a client wants signed; header names are lower case."""

    region: str
    uri: str
    method: str
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    body: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed request; `cacheable` says whether a client may use it again for a while."""

    uri: str
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    cacheable: bool = False


class CredentialVendor(Protocol):
    """Mint short-lived credentials narrowed to the directories of a grant.

    `pangolin.testing.VendorContract` tests an implementation.
    """

    # The names of its strategies, and the types of warehouses it serves.
    strategies: tuple[str, ...]
    types: tuple[str, ...]

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        """Raise `errors.BadRequest` naming the option that is missing or illegal; no network."""

    def identity(self, grant: Grant) -> tuple[str, ...]:
        """Return what else distinguishes credentials: the principal, if they carry it."""

    def vend(self, grant: Grant) -> Vended:
        """Mint a credential.

        Raises `errors.Forbidden` if the cloud refuses, `errors.BadRequest` if the access does not
        fit into a policy (naming the paths), and `errors.Unavailable` for transient failures.
        """

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        """Return what must be set up at the cloud; None if there is nothing to set up."""

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        """Prove by live calls that its credentials are as narrow as they should be.

        `probe` is an unused directory inside the warehouse; everything written there is removed.
        """


class Signer(Protocol):
    """A vendor that can also sign single requests, so that clients need no credential."""

    def session(self, grant: Grant) -> Vended | None:
        """Mint the key that signs the requests of a grant; None: the warehouse's own key is used.

        The core caches it and passes it to `sign`; it never reaches a client.
        """

    def signing_properties(self, warehouse: Warehouse) -> Mapping[str, str]:
        """Return the properties by which clients know that requests are signed for them.

        The core adds the addresses of its signing endpoint.
        """

    def sign(
        self,
        grant: Grant,
        request: SignRequest,
        protected: tuple[str, ...],
        session: Vended | None,
    ) -> Signed:
        """Sign a request that the grant's access covers; raise `errors.Forbidden` otherwise.

        `protected` are files that no request may replace or delete, whatever the access is. The
        error's `details` have the name of the broken rule as `rule`.
        """
