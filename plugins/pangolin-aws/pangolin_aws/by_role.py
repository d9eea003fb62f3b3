"""Vend sessions of a role: the strategies `AwsSts` and `AwsWebIdentity`."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pangolin.plugin import (
    BadRequest,
    Check,
    Grant,
    Prepared,
    Signed,
    SignRequest,
    Vended,
    Warehouse,
)
from pangolin_aws.checks import check_sessions
from pangolin_aws.names import session_name, session_tags
from pangolin_aws.options import is_true, root_of
from pangolin_aws.place import place_of
from pangolin_aws.prepare import federated, prepared, server_arn
from pangolin_aws.probes import RoleProbes
from pangolin_aws.properties import key_in, signing_properties
from pangolin_aws.sessions import RoleSessions, web_token
from pangolin_aws.signing import sign_request
from pangolin_aws.trust import external_id_of, own_key, role_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings


class RoleVendor:
    """Vend sessions by AssumeRole; see `pangolin.plugin.CredentialVendor` and `Signer`."""

    strategies: tuple[str, ...] = ("AwsSts",)
    types: tuple[str, ...] = ("s3",)

    def __init__(self, sessions: RoleSessions, probes: RoleProbes) -> None:
        self._sessions = sessions
        self._probes = probes

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        root_of(warehouse.config, settings)
        self._sessions.trust(warehouse)

    def identity(self, grant: Grant) -> tuple[str, ...]:
        tagged = is_true(grant.warehouse.config, "s3.session-tags")
        tags = session_tags(grant).values() if tagged else ()
        return (session_name(grant), *tags)

    def vend(self, grant: Grant) -> Vended:
        return self._sessions.mint(grant)

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        settings = self._sessions.settings
        external_id, place = external_id_of(warehouse, settings), place_of(warehouse.config)
        # Asked without the role, which may not exist yet.
        arn = server_arn(self._sessions.sts, place, own_key(warehouse.config))
        condition = {"sts:ExternalId": external_id} if external_id else {}
        return prepared(place, {"AWS": arn}, condition, external_id)

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        return check_sessions(warehouse, self._sessions, self._probes, probe)

    def session(self, grant: Grant) -> Vended | None:
        return self._sessions.mint(grant)

    def signing_properties(self, warehouse: Warehouse) -> Mapping[str, str]:
        return signing_properties(warehouse.config, place_of(warehouse.config))

    def sign(
        self,
        grant: Grant,
        request: SignRequest,
        protected: tuple[str, ...],
        session: Vended | None,
    ) -> Signed:
        place = place_of(grant.warehouse.config)
        if session is None:
            raise BadRequest("requests of this warehouse are signed with a session of its role")
        key, now = key_in(session.config), datetime.now(UTC)
        return sign_request(request, place, grant.access, protected, key, scoped=True, now=now)


class WebIdentityVendor(RoleVendor):
    """Vend sessions by AssumeRoleWithWebIdentity, with the server's token."""

    strategies: tuple[str, ...] = ("AwsWebIdentity",)

    def identity(self, grant: Grant) -> tuple[str, ...]:
        return (session_name(grant),)

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        place = place_of(warehouse.config)
        principal, condition = federated(role_of(warehouse), web_token(), place)
        return prepared(place, principal, condition, "")
