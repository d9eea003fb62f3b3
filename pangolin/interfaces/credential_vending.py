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
    """Directories by what may be done below them: validated, canonical, without a last slash.

    Nothing in any of them means that nothing may be done at all.
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
    """A minted credential: client properties, and its expiry in epoch ms as its issuer says.

    `details` are for the audit log: key ids and sizes, nothing that opens anything.
    """

    config: Mapping[str, str] = field(repr=False)
    expires_at_ms: int
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an administrator must set up before a warehouse works: an id, and documents to paste."""

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

    See `pangolin.testing.VendorContract` for the proof.
    """

    # The names of its strategies, and the types of warehouses it serves.
    strategies: tuple[str, ...]
    types: tuple[str, ...]

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        """Raise `errors.BadRequest` naming the option that is missing or illegal; no network."""

    def identity(self, grant: Grant) -> tuple[str, ...]:
        """Say what else makes a credential another one: the principal, if it enters it."""

    def vend(self, grant: Grant) -> Vended:
        """Mint a credential.

        Raises `errors.Forbidden` if the cloud refuses, `errors.BadRequest` if the access does not
        fit into a policy (naming the paths), and `errors.Unavailable` for all that may pass.
        """

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        """Say what must be set up at the cloud; None if there is nothing to say."""

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        """Prove by live calls that what it mints is as narrow as it says.

        `probe` is an unused directory inside the warehouse; what is written there is removed.
        """


class Signer(Protocol):
    """A vendor that can sign single requests as well, so that clients need no credential."""

    def session(self, grant: Grant) -> Vended | None:
        """Mint what the requests of a grant are signed with; None: the warehouse's own key is used.

        It is for core to cache and to give to `sign`, and never for a client.
        """

    def signing_properties(self, warehouse: Warehouse) -> Mapping[str, str]:
        """Give the properties by which clients know that requests are signed for them.

        Core adds where: the addresses of its signing endpoint.
        """

    def sign(
        self,
        grant: Grant,
        request: SignRequest,
        protected: tuple[str, ...],
        session: Vended | None,
    ) -> Signed:
        """Sign a request that the grant's access covers; raise `errors.Forbidden` otherwise.

        `protected` are files that no request may replace or delete, whatever the access. The
        error's `details` have the name of the broken rule as `rule`.
        """
