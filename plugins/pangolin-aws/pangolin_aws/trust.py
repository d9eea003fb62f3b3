"""How a warehouse's role is assumed: with which key, role and external id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pangolin.plugin import BadRequest, Warehouse
from pangolin_aws.clients import Key
from pangolin_aws.names import external_id
from pangolin_aws.options import EXTERNAL_ID
from pangolin_aws.place import place_of
from pangolin_aws.role import check_role

if TYPE_CHECKING:
    from pangolin.plugin import Settings


@dataclass(frozen=True, slots=True)
class Trust:
    """A role and how it is assumed; without a key, by the server's own identity."""

    role: str
    external_id: str = field(repr=False)
    key: Key | None


def members_of(warehouse: Warehouse) -> Mapping[str, str]:
    """Return the members of the warehouse's strategy, whichever it is."""
    strategy = warehouse.vending_strategy
    if isinstance(strategy, dict) and strategy:
        members: Mapping[str, str] = next(iter(strategy.values()))
        return members
    return {}


def own_key(config: Mapping[str, str]) -> Key | None:
    """Return the warehouse's own access key, if it has one."""
    if not config.get("s3.access-key-id"):
        return None
    return Key(
        config["s3.access-key-id"],
        config["s3.secret-access-key"],
        config.get("s3.session-token", ""),
    )


def role_of(warehouse: Warehouse) -> str:
    """Return the role's ARN, or ""."""
    return members_of(warehouse).get("role_arn") or warehouse.config.get("s3.role-arn", "")


def trust_of(warehouse: Warehouse, settings: "Settings") -> Trust:
    """Read and check how a role is assumed; raise `BadRequest` naming the option."""
    place, role = place_of(warehouse.config), role_of(warehouse)
    if not role:
        raise BadRequest("s3.role-arn is required: the role that vended credentials assume")
    check_role(role, place.region, compatible=not place.is_amazon)
    return Trust(role, external_id_of(warehouse, settings), own_key(warehouse.config))


def external_id_of(warehouse: Warehouse, settings: "Settings") -> str:
    """Return the external id that is sent for a role; "" if none is.

    The server's own identity may be trusted by roles of many tenants: it sends the id that the
    server generated, so that none can name the role of another. A chosen id is used only with a
    key of the warehouse's own, or if the setting `server_identity` lets everybody use it.
    Raises `BadRequest` naming the option.
    """
    chosen, made = _chosen(warehouse), external_id(warehouse)
    if own_key(warehouse.config) is not None:
        return chosen
    if chosen not in ("", made) and not settings.server_identity:
        raise BadRequest(
            "s3.external-id must not be chosen where the server's own identity assumes the role: "
            "leave it out and use the prepared one, or give the warehouse its own key"
        )
    return chosen or made


def _chosen(warehouse: Warehouse) -> str:
    chosen = members_of(warehouse).get("external_id") or warehouse.config.get("s3.external-id", "")
    if chosen and not EXTERNAL_ID.fullmatch(chosen):
        raise BadRequest("s3.external-id must be 2 to 1224 letters, digits and +=,.@:/-_")
    return chosen
