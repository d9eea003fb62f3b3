"""Signing single requests to object storage for a client, which then needs no credential."""

from collections.abc import Sequence

from pangolin.errors import BadRequest, Forbidden
from pangolin.interfaces.credential_vending import Signed, Signer, SignRequest, Vended
from pangolin.services.audit.vocabulary import AuditAction
from pangolin.services.authz.access import denial
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.cache import CREDENTIALS
from pangolin.services.credentials.vending import Entitlement
from pangolin.services.storage import vending_strategies
from pangolin.services.tables.lookup import open_target
from pangolin.store.api import Record
from pangolin.store.documents import WarehouseDoc


def sign(
    ctx: Context, prefix: str, levels: Sequence[str], name: str, request: SignRequest
) -> Signed:
    """Sign a request that the caller's rights on a table cover.

    Raises `Forbidden` naming the violated rule, and `BadRequest` if the warehouse signs nothing.
    """
    target = open_target(ctx, prefix, levels, name, "read")
    signer = _signer(ctx, target.resolved.warehouse)
    found = privileges.directories(ctx, target.resolved, target.metadata_location)
    access = privileges.of_table(ctx, target.resolved, target.resource, target.id, found)
    given = vending.entitle(
        ctx, target.resolved.warehouse, target.resource, access, vending.REMOTE, target.address
    )
    if given is None:
        raise denial(ctx, "read", target.resource)
    held = _session(ctx, signer, given)
    return _signed(ctx, signer, given, request, (target.metadata_location,), held)


def _signer(ctx: Context, warehouse: Record[WarehouseDoc]) -> Signer:
    strategy = vending_strategies.strategy_of(warehouse.doc)
    signer = vending.signer_of(ctx.runtime.vendor(strategy)) if strategy else None
    if signer is None:
        raise BadRequest(f"the warehouse {warehouse.doc['name']} does not sign requests")
    return signer


def _session(ctx: Context, signer: Signer, given: Entitlement) -> Vended | None:
    """Return the credential that signs requests; None for the warehouse's own key."""

    def mint() -> Vended:
        found = signer.session(given.grant)
        # Cached too, so that the signer is not asked on each request.
        ends = ctx.runtime.part(CREDENTIALS).now() + given.grant.ttl_s * 1000
        return found or Vended({}, ends, {"scope": "warehouse key"})

    vended = vending.mint_with(ctx, given, mint).vended
    vending.record(ctx, given, vended)
    return vended if vended.config else None


def _signed(
    ctx: Context,
    signer: Signer,
    given: Entitlement,
    request: SignRequest,
    protected: tuple[str, ...],
    session: Vended | None,
) -> Signed:
    try:
        answer = signer.sign(given.grant, request, protected, session)
    except Forbidden as error:
        rule = str(error.details.get("rule", "refused"))
        metrics.signature(rule)
        vending.record_refusal(ctx, given, AuditAction.SIGN_REQUEST, error, {"rule": rule})
        raise
    metrics.signature("signed")
    return answer
