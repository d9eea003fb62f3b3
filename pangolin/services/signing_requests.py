"""Single requests to object storage signed for a client, which then needs no credential."""

from collections.abc import Sequence
from typing import Final

from pangolin.errors import BadRequest, Forbidden
from pangolin.services import addressing, audit, metering, vending, vending_access, vending_choice
from pangolin.services.access import denial, require
from pangolin.services.audit_records import FAILURE
from pangolin.services.relations import TABLES, find, resource
from pangolin.services.scope import Scope
from pangolin.services.vending import Offer
from pangolin.store.api import Doc, Record
from pangolin.vending import Signed, Signer, SignRequest, Vended

HOUR_MS: Final = 3_600_000


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
    found = vending_access.directories(scope, place, doc["metadata_location"])
    access = vending_access.of_table(scope, place, what, doc["id"], found)
    given = vending.offer(scope, place.warehouse, what, access, vending.REMOTE, address)
    if given is None:
        raise denial(scope, "read", what)
    held = _session(scope, signer, given)
    return _signed(scope, signer, given, request, (doc["metadata_location"],), held)


def _signer(scope: Scope, warehouse: Record) -> Signer:
    strategy = vending_choice.strategy_of(warehouse.doc)
    signer = vending.signer_of(scope.runtime.vendor(strategy)) if strategy else None
    if signer is None:
        raise BadRequest(f"requests of the warehouse {warehouse.doc['name']} are not signed")
    return signer


def _session(scope: Scope, signer: Signer, given: Offer) -> Vended | None:
    """Give what requests are signed with; None: with the warehouse's own key."""
    scope.settle()

    def mint() -> Vended:
        found = signer.session(given.grant)
        # Remembered too, so that it is not asked about each request.
        ends = scope.runtime.credentials.now() + given.grant.ttl_s * 1000
        return found or Vended({}, ends, {"scope": "warehouse key"})

    vended = scope.runtime.credentials.get(given.key, mint).vended
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
        metering.signature(rule)
        _record_refusal(scope, given, rule, error)
        raise
    metering.signature("signed")
    return answer


def _record_refusal(scope: Scope, given: Offer, rule: str, error: Forbidden) -> None:
    """Record once an hour that a caller breaks a rule at a table; clients ask without end."""
    hour = str(scope.now() // HOUR_MS)
    name = "\n".join((scope.tenant, scope.principal.id, str(given.what), rule, hour))

    def note() -> None:
        audit.note(
            scope,
            "sign_request",
            given.what,
            result=FAILURE,
            error=error.message,
            details={"rule": rule},
        )

    scope.runtime.handouts.once(name, note)
