"""Sign the requests of clients, which get no key: the strategy `S3RemoteSigning`."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError

from pangolin.plugin import (
    BadRequest,
    Check,
    Grant,
    Prepared,
    Signed,
    SignRequest,
    Unavailable,
    Vended,
    Warehouse,
)
from pangolin_aws.by_role import RoleVendor
from pangolin_aws.clients import Key
from pangolin_aws.options import root_of
from pangolin_aws.place import place_of
from pangolin_aws.properties import signing_properties
from pangolin_aws.refusals import GIVE_SOME
from pangolin_aws.signing import sign_request
from pangolin_aws.strictness import check_strictness
from pangolin_aws.trust import own_key, role_of

if TYPE_CHECKING:
    from pangolin.plugin import Settings


class RemoteSigning:
    """Sign with a session of the warehouse's role where it has one, else with its own key.

    See `pangolin.plugin.CredentialVendor` and `Signer`. What is vended are properties only.
    """

    strategies: tuple[str, ...] = ("S3RemoteSigning",)
    types: tuple[str, ...] = ("s3",)

    def __init__(self, settings: "Settings", by_role: RoleVendor) -> None:
        self._settings = settings
        self._by_role = by_role

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        root_of(warehouse.config, settings)
        if role_of(warehouse):
            self._by_role.validate(warehouse, settings)
        elif own_key(warehouse.config) is None and not settings.server_identity:
            raise BadRequest(
                "s3.role-arn or s3.access-key-id is required: requests are signed with it"
            )

    def identity(self, grant: Grant) -> tuple[str, ...]:
        return self._by_role.identity(grant) if role_of(grant.warehouse) else ()

    def vend(self, grant: Grant) -> Vended:
        return Vended(
            config=self.signing_properties(grant.warehouse),
            expires_at_ms=int((time.time() + grant.ttl_s) * 1000),
            details={"scope": "remote signing"},
        )

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        return self._by_role.prepare(warehouse) if role_of(warehouse) else None

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        if role_of(warehouse):
            return self._by_role.check(warehouse, probe)
        return check_strictness(warehouse, self._key(warehouse), self._settings, probe)

    def session(self, grant: Grant) -> Vended | None:
        return self._by_role.session(grant) if role_of(grant.warehouse) else None

    def signing_properties(self, warehouse: Warehouse) -> Mapping[str, str]:
        return signing_properties(warehouse.config, place_of(warehouse.config))

    def sign(
        self,
        grant: Grant,
        request: SignRequest,
        protected: tuple[str, ...],
        session: Vended | None,
    ) -> Signed:
        if role_of(grant.warehouse):
            return self._by_role.sign(grant, request, protected, session)
        place, key = place_of(grant.warehouse.config), self._key(grant.warehouse)
        now = datetime.now(UTC)
        return sign_request(request, place, grant.access, protected, key, scoped=False, now=now)

    def _key(self, warehouse: Warehouse) -> Key:
        found = own_key(warehouse.config)
        if found is None and self._settings.server_identity:
            return servers_key()
        if found is None:
            raise BadRequest("s3.access-key-id is required: requests are signed with it")
        return found


def servers_key() -> Key:
    """Return the key of the server's environment; raise `Unavailable` without one."""
    try:
        found = boto3.session.Session().get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError:
        frozen = None
    if frozen is None:
        raise Unavailable(f"the server has no credentials of its own to sign with: {GIVE_SOME}")
    return Key(frozen.access_key, frozen.secret_key, frozen.token or "")
