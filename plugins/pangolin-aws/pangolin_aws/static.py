"""Vend the warehouse's own key: the strategy `AwsStatic`."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pangolin.plugin import (
    BadRequest,
    Check,
    Forbidden,
    Grant,
    PangolinError,
    Prepared,
    Signed,
    SignRequest,
    Vended,
    Warehouse,
)
from pangolin_aws.checks import open_with
from pangolin_aws.clients import Key
from pangolin_aws.options import check_key, root_of
from pangolin_aws.place import place_of
from pangolin_aws.properties import key_properties, place_properties, signing_properties
from pangolin_aws.signing import sign_request
from pangolin_aws.trust import members_of, own_key

if TYPE_CHECKING:
    from pangolin.plugin import Settings

WHOLE: Final = "a static key opens the whole bucket, never expires, and names no person"
NARROWER: Final = "use AwsSts, or S3RemoteSigning where the store has no STS"


class StaticKey:
    """Hand out a key that opens the whole bucket, to callers who may do everything with a table.

    See `pangolin.plugin.CredentialVendor` and `Signer`.
    """

    strategies: tuple[str, ...] = ("AwsStatic",)
    types: tuple[str, ...] = ("s3",)

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings

    def validate(self, warehouse: Warehouse, settings: "Settings") -> None:
        root_of(warehouse.config, settings)
        _key(warehouse)

    def identity(self, grant: Grant) -> tuple[str, ...]:
        return ()

    def vend(self, grant: Grant) -> Vended:
        access = grant.access
        if not access.read or not set(access.read) <= set(access.write) & set(access.delete):
            raise Forbidden(
                "a static key may do everything: it is only for callers who may read, write and "
                "delete; ask for remote signing"
            )
        place, key = place_of(grant.warehouse.config), _key(grant.warehouse)
        return Vended(
            config=place_properties(grant.warehouse.config, place) | key_properties(key),
            expires_at_ms=int((time.time() + grant.ttl_s) * 1000),
            details={"access-key-id": key.id, "scope": "whole bucket"},
        )

    def prepare(self, warehouse: Warehouse) -> Prepared | None:
        return None

    def check(self, warehouse: Warehouse, probe: str) -> Iterable[Check]:
        yield self._inside(warehouse, f"{probe}/file")
        yield Check("narrow", "skipped", WHOLE, NARROWER)

    def session(self, grant: Grant) -> Vended | None:
        return None

    def signing_properties(self, warehouse: Warehouse) -> Mapping[str, str]:
        return signing_properties(warehouse.config, place_of(warehouse.config))

    def sign(
        self,
        grant: Grant,
        request: SignRequest,
        protected: tuple[str, ...],
        session: Vended | None,
    ) -> Signed:
        place, key = place_of(grant.warehouse.config), _key(grant.warehouse)
        now = datetime.now(UTC)
        return sign_request(request, place, grant.access, protected, key, scoped=False, now=now)

    def _inside(self, warehouse: Warehouse, location: str) -> Check:
        try:
            store = open_with(warehouse, key_properties(_key(warehouse)), self._settings)
            store.put(location, b"probe")
            store.get(location)
            store.delete([location])
        except PangolinError as error:
            return Check("inside", "failed", error.message, "give the key access to the bucket")
        return Check("inside", "passed")


def _key(warehouse: Warehouse) -> Key:
    members = members_of(warehouse)
    if not members.get("access_key_id"):
        found = own_key(warehouse.config)
        if found is None:
            raise BadRequest("s3.access-key-id is required: the key that is handed out")
        return found
    check_key(members["access_key_id"], members.get("secret_access_key", ""))
    return Key(members["access_key_id"], members["secret_access_key"])
