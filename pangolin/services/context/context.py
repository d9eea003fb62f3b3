"""The context of a service call: the principal, the tenant, and the store."""

from dataclasses import dataclass
from functools import cached_property

from pangolin.errors import Forbidden, Unavailable
from pangolin.interfaces.authentication import ROOT, Principal
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT, ROOT_ID
from pangolin.settings import Settings
from pangolin.store.api import Store
from pangolin.store.revalidating import RevalidatingStore, Revalidation
from pangolin.store.scoped import ScopedStore


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """The origin and id of a request for the audit log; empty if unknown."""

    address: str = ""
    agent: str = ""
    request_id: str = ""


UNKNOWN_CLIENT = ClientInfo()


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key (UUIDv7 text) and the digest of the request it came with."""

    token: str
    digest: str


@dataclass(frozen=True)
class Context:
    """One request's view: the principal, one tenant, and the store of that tenant only."""

    principal: Principal
    tenant: str
    runtime: Runtime
    deadline_ms: int
    idempotency: Idempotency | None = None
    revalidation: Revalidation | None = None
    client: ClientInfo = UNKNOWN_CLIENT

    @cached_property
    def store(self) -> ScopedStore:
        """The tenant's records and no others."""
        if self.revalidation is None:
            return ScopedStore(self.runtime.store, self.tenant)
        return RevalidatingStore(self.runtime.store, self.tenant, self.revalidation)

    @property
    def system(self) -> Store:
        """The whole store, for root only."""
        if self.principal.role != ROOT:
            raise Forbidden("only root may look beyond one tenant")
        self.confirm()
        return self.runtime.store

    @property
    def unscoped(self) -> Store:
        """The whole store, for keys that name their tenant, because root's records have none.

        The caller must ensure that they belong to the principal or to the request's tenant.
        """
        self.confirm()
        return self.runtime.store

    def confirm(self) -> None:
        """Confirm the credential with a read of its own, unless another read has confirmed it."""
        if self.revalidation is not None:
            self.revalidation.confirm_with(self.runtime.store)

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


def system_context(runtime: Runtime) -> Context:
    """Return root's context in the default tenant, for what the server does on its own behalf."""
    return Context(
        principal=Principal(ROOT_ID, runtime.settings.root_user, ROOT),
        tenant=DEFAULT_TENANT,
        runtime=runtime,
        deadline_ms=runtime.clock() + int(runtime.settings.request_timeout * 1000),
    )
