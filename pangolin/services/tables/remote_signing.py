"""Single requests to object storage signed for a client, which then needs no credential."""

from collections.abc import Sequence

from pangolin.errors import BadRequest, Forbidden
from pangolin.interfaces.credential_vending import Signed, Signer, SignRequest, Vended
from pangolin.services.authz.access import denial, require
from pangolin.services.context import metrics
from pangolin.services.context.scope import Scope
from pangolin.services.credentials import privileges, vending
from pangolin.services.credentials.cache import CREDENTIALS
from pangolin.services.credentials.vending import Offer
from pangolin.services.storage import vending_strategies
from pangolin.services.tables.lookup import find
from pangolin.services.versioned import addressing
from pangolin.services.versioned.relations import TABLES, resource
from pangolin.store.api import Doc, Record


def sign(
    scope: Scope, prefix: str, levels: Sequence[str], name: str, request: SignRequest
) -> Signed:
    """Sign a request that lies within what the caller may do with a table.

    Raises `Forbidden` naming the rule that it breaks, `BadRequest` where nothing is signed.
    """
    address = addressing.asset(scope, prefix, levels, name)
    what = resource(address, TABLES)
    require(scope, "read", what)
    place, entry = find(scope, address, TABLES, "read")
    doc: Doc = entry.doc or {}
    signer = _signer(scope, place.warehouse)
    found = privileges.directories(scope, place, doc["metadata_location"])
    access = privileges.of_table(scope, place, what, doc["id"], found)
    given = vending.offer(scope, place.warehouse, what, access, vending.REMOTE, address)
    if given is None:
        raise denial(scope, "read", what)
    held = _session(scope, signer, given)
    return _signed(scope, signer, given, request, (doc["metadata_location"],), held)


def _signer(scope: Scope, warehouse: Record) -> Signer:
    strategy = vending_strategies.strategy_of(warehouse.doc)
    signer = vending.signer_of(scope.runtime.vendor(strategy)) if strategy else None
    if signer is None:
        raise BadRequest(f"requests of the warehouse {warehouse.doc['name']} are not signed")
    return signer


def _session(scope: Scope, signer: Signer, given: Offer) -> Vended | None:
    """Give what requests are signed with; None: with the warehouse's own key."""

    def mint() -> Vended:
        found = signer.session(given.grant)
        # Remembered too, so that it is not asked about each request.
        ends = scope.runtime.part(CREDENTIALS).now() + given.grant.ttl_s * 1000
        return found or Vended({}, ends, {"scope": "warehouse key"})

    vended = vending.minted_by(scope, given, mint).vended
    vending.record(scope, given, vended)
    return vended if vended.config else None


def _signed(
    scope: Scope,
    signer: Signer,
    given: Offer,
    request: SignRequest,
    protected: tuple[str, ...],
    session: Vended | None,
) -> Signed:
    try:
        answer = signer.sign(given.grant, request, protected, session)
    except Forbidden as error:
        rule = str(error.details.get("rule", "refused"))
        metrics.signature(rule)
        vending.record_refusal(scope, given, "sign_request", error, {"rule": rule})
        raise
    metrics.signature("signed")
    return answer
