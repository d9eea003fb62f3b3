"""What a vended credential says about itself: properties, expiry and principal."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest

from pangolin.errors import BadRequest
from pangolin.interfaces.credential_vending import CredentialVendor, Grant, Vended
from pangolin.interfaces.object_storage import Warehouse
from pangolin.settings import Settings
from pangolin.testing.vendor_contract_place import (
    ANN,
    BOB,
    Lender,
    Place,
    assert_opens,
    everything,
)

# The properties of an object store's credentials that Iceberg clients read.
PROPERTIES = frozenset(
    {
        *("s3.access-key-id", "s3.secret-access-key", "s3.session-token"),
        *("s3.session-token-expires-at-ms", "s3.region", "client.region", "s3.endpoint"),
        *("s3.path-style-access", "s3.force-virtual-addressing", "s3.sse.type", "s3.sse.key"),
        *("gcs.oauth2.token", "gcs.oauth2.token-expires-at"),
        *("gcs.project-id", "gcs.service.host"),
        *("adls.account-name", "adls.account-host", "adls.token"),
        *("adls.sas-token", "adls.sas-token-expires-at-ms"),
        *("expiration-time", "io-impl", "py-io-impl"),
    }
)
# These are followed by the host of an account.
BY_HOST = ("adls.sas-token.", "adls.sas-token-expires-at-ms.", "adls.connection-string.")
# Clocks differ, and answers arrive a little later than the request.
LEEWAY_MS = 60_000


class TermsContract:
    """Properties that clients know, a true expiry, and the principal's identity."""

    required: ClassVar[tuple[str, ...]]

    def test_a_warehouse_that_works_is_valid(
        self, lender: Lender, settings: Settings, place: Place
    ) -> None:
        lender.vendor.validate(lender.warehouse, settings)
        assert_opens(lender.lend(everything(place.table)), place.table)

    def test_an_option_that_is_missing_is_named(
        self, vendor: CredentialVendor, warehouse: Warehouse, settings: Settings
    ) -> None:
        assert self.required, "name the options without which nothing can be vended"
        for name in self.required:
            kept = {option: value for option, value in warehouse.config.items() if option != name}
            with pytest.raises(BadRequest) as caught:
                vendor.validate(replace(warehouse, config=kept), settings)
            assert name in caught.value.message

    def test_it_says_which_warehouses_it_serves(
        self, vendor: CredentialVendor, warehouse: Warehouse
    ) -> None:
        assert warehouse.config["type"] in vendor.types
        assert vendor.strategies

    def test_clients_know_every_property(self, lender: Lender, place: Place) -> None:
        config = lender.vend(everything(place.table)).config
        assert config
        assert {name for name in config if not _is_known(name)} == set()
        assert all(isinstance(value, str) and value for value in config.values())

    def test_it_expires_when_it_says_and_clients_are_told(
        self, lender: Lender, place: Place
    ) -> None:
        before_ms = time.time_ns() // 1_000_000
        vended = lender.vend(everything(place.table))
        assert isinstance(vended.expires_at_ms, int)
        assert before_ms < vended.expires_at_ms <= _now_ms() + lender.ttl_s * 1000 + LEEWAY_MS
        assert str(vended.expires_at_ms) in vended.config.values()

    def test_the_identity_differs_if_and_only_if_the_credential_carries_the_principal(
        self, lender: Lender, place: Place, principal_in: Callable[[Vended], str]
    ) -> None:
        access = everything(place.table)
        ann, again, bob = (lender.grant(access, name) for name in (ANN, ANN, BOB))
        identity = lender.vendor.identity

        def carried(grant: Grant) -> str:
            return principal_in(lender.vendor.vend(grant))

        assert identity(ann) == identity(again)
        assert carried(ann) == carried(again)
        assert (identity(ann) != identity(bob)) == (carried(ann) != carried(bob))


def _is_known(name: str) -> bool:
    return name in PROPERTIES or name.startswith(BY_HOST)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
