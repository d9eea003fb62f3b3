"""The self-test of a warehouse: live calls that prove that vended credentials are narrow."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from pangolin.plugin import Access, Check, Grant, ObjectStore, Vended, Warehouse, prove_narrowness
from pangolin_aws.clients import Caller
from pangolin_aws.place import Place, place_of
from pangolin_aws.probes import RoleProbes
from pangolin_aws.properties import ID, SECRET, TOKEN, key_in
from pangolin_aws.role import flaw_of
from pangolin_aws.sessions import RoleSessions
from pangolin_aws.store import open_store
from pangolin_aws.trust import members_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings

SECONDS: Final = 900
PRINCIPAL: Final = "self-test"
REMEDY: Final = (
    "give the role the prepared trust policy and permissions, and the server's identity access to "
    "the bucket below the warehouse's prefix"
)


def check_sessions(
    warehouse: Warehouse, sessions: RoleSessions, probes: RoleProbes, probe: str
) -> Iterator[Check]:
    """Prove that sessions open their table, nothing else, and no second session."""
    trust, place = sessions.trust(warehouse), place_of(warehouse.config)
    yield from _flaws(warehouse, place)
    minted: list[Vended] = []

    def open_for(access: Access) -> ObjectStore:
        grant = Grant(warehouse, access, PRINCIPAL, PRINCIPAL, SECONDS)
        minted.append(sessions.mint(grant))
        return open_with(warehouse, minted[-1].config, sessions.settings)

    owner = open_store(warehouse, sessions.settings)
    yield from prove_narrowness(owner, open_for, probe, REMEDY)
    if minted:
        vended = Caller.at(place, key_in(minted[0].config))
        yield probes.second_session(vended, trust.role, trust.external_id)
    else:
        yield Check("re-assume", "skipped", "nothing could be minted")
    yield probes.external_id(sessions.caller(warehouse), trust.role, trust.external_id)


def _flaws(warehouse: Warehouse, place: Place) -> Iterator[Check]:
    # The check of the options is reported with them, whatever the strategy.
    found = flaw_of(members_of(warehouse).get("role_arn", "")) if place.is_amazon else None
    if found:
        yield found


def open_with(warehouse: Warehouse, vended: Mapping[str, str], settings: "Settings") -> ObjectStore:
    """Open a warehouse's bucket with a vended key and nothing of the warehouse's own."""
    own = {
        name: value for name, value in warehouse.config.items() if name not in (ID, SECRET, TOKEN)
    }
    key = {name: vended[name] for name in (ID, SECRET, TOKEN) if name in vended}
    lent = Warehouse(
        warehouse.tenant, warehouse.id, warehouse.name, warehouse.version, {**own, **key}
    )
    return open_store(lent, settings)
