"""Single requests to object storage signed for a client, which then needs no credential."""

from collections.abc import Sequence

from pangolin.errors import BadRequest, Forbidden
from pangolin.interfaces.credential_vending import Signed, Signer, SignRequest, Vended
from pangolin.services.authz.access import denial, require
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.cache import CREDENTIALS
from pangolin.services.credentials.vending import Entitlement
from pangolin.services.storage import vending_strategies
from pangolin.services.tables.lookup import find
from pangolin.services.versioned import addressing
from pangolin.services.versioned.relations import TABLES, resource
from pangolin.store.api import Doc, Record


def sign(
    ctx: Context, prefix: str, levels: Sequence[str], name: str, request: SignRequest
) -> Signed:
    """Sign a request that lies within what the caller may do with a table.

    Raises `Forbidden` naming the rule that it breaks, `BadRequest` where nothing is signed.
    """
    address = addressing.asset(ctx, prefix, levels, name)
    what = resource(address, TABLES)
    require(ctx, "read", what)
    resolved, entry = find(ctx, address, TABLES, "read")
    doc: Doc = entry.doc or {}
    signer = _signer(ctx, resolved.warehouse)
    found = privileges.directories(ctx, resolved, doc["metadata_location"])
    access = privileges.of_table(ctx, resolved, what, doc["id"], found)
    given = vending.entitlement(ctx, resolved.warehouse, what, access, vending.REMOTE, address)
    if given is None:
        raise denial(ctx, "read", what)
    held = _session(ctx, signer, given)
    return _signed(ctx, signer, given, request, (doc["metadata_location"],), held)


def _signer(ctx: Context, warehouse: Record) -> Signer:
    strategy = vending_strategies.strategy_of(warehouse.doc)
    signer = vending.signer_of(ctx.runtime.vendor(strategy)) if strategy else None
    if signer is None:
        raise BadRequest(f"requests of the warehouse {warehouse.doc['name']} are not signed")
    return signer


def _session(ctx: Context, signer: Signer, given: Entitlement) -> Vended | None:
    """Give what requests are signed with; None: with the warehouse's own key."""

    def mint() -> Vended:
        found = signer.session(given.grant)
        # Remembered too, so that it is not asked about each request.
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
        vending.record_refusal(ctx, given, "sign_request", error, {"rule": rule})
        raise
    metrics.signature("signed")
    return answer
