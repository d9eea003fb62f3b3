"""The contract of a credential vendor: subclass `VendorContract`, override fixtures, run pytest."""

from collections.abc import Callable
from typing import ClassVar
from uuid import uuid4

import pytest

from pangolin.interfaces.credential_vending import CredentialVendor, Vended
from pangolin.interfaces.object_storage import ObjectStore, Warehouse
from pangolin.settings import Settings
from pangolin.testing.vendor_contract_crowds import CrowdContract
from pangolin.testing.vendor_contract_place import Lender, Place
from pangolin.testing.vendor_contract_scope import ScopeContract
from pangolin.testing.vendor_contract_secrets import SecrecyContract
from pangolin.testing.vendor_contract_terms import TermsContract


class VendorContract(ScopeContract, TermsContract, SecrecyContract, CrowdContract):
    """What every vendor that narrows its credentials must do, against a storage that enforces it.

    Override the fixtures `vendor`, `settings`, `warehouse` (with a prefix of its own in the
    bucket), `bucket` and `root` (their locations, without trailing slash), `owner` and `open_for`;
    `principal_in` if credentials carry the principal. Name in `required` the options without which
    nothing is vended, in `secret_options` and `secret_properties` what grants access.
    `closed_names` are directories that the storage of the tests cannot be made to open.
    """

    ttl_s: ClassVar[int] = 3600
    required: ClassVar[tuple[str, ...]] = ()
    secret_options: ClassVar[tuple[str, ...]] = ()
    secret_properties: ClassVar[tuple[str, ...]] = ()
    closed_names: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture
    def vendor(self) -> CredentialVendor:
        """Return the vendor under test."""
        raise NotImplementedError("override the fixture vendor")

    @pytest.fixture
    def settings(self) -> Settings:
        """Return the settings of the server, as the vendor has them."""
        return Settings()

    @pytest.fixture
    def warehouse(self) -> Warehouse:
        """Return a warehouse as it is saved: canonical options, secrets in clear."""
        raise NotImplementedError("override the fixture warehouse")

    @pytest.fixture
    def bucket(self) -> str:
        """Return the location of the whole bucket or container."""
        raise NotImplementedError("override the fixture bucket")

    @pytest.fixture
    def root(self) -> str:
        """Return the location of the warehouse, which is a directory in the bucket."""
        raise NotImplementedError("override the fixture root")

    @pytest.fixture
    def owner(self) -> ObjectStore:
        """Open the whole bucket with an identity that may do everything in it."""
        raise NotImplementedError("override the fixture owner")

    @pytest.fixture
    def open_for(self) -> Callable[[Vended], ObjectStore]:
        """Return a function that opens the whole bucket with nothing but what was vended.

        It must not refuse locations outside the warehouse itself: the storage has to.
        """
        raise NotImplementedError("override the fixture open_for")

    @pytest.fixture
    def principal_in(self) -> Callable[[Vended], str]:
        """Return what reads the principal from a credential; override it if there is one."""
        return lambda vended: ""

    @pytest.fixture
    def place(self, owner: ObjectStore, bucket: str, root: str) -> Place:
        """Return a new directory of the warehouse with a table and its neighbours."""
        place = Place(bucket, f"{root}/{uuid4().hex}")
        place.fill(owner)
        return place

    @pytest.fixture
    def lender(
        self,
        vendor: CredentialVendor,
        warehouse: Warehouse,
        open_for: Callable[[Vended], ObjectStore],
    ) -> Lender:
        """Vend and open in one step."""
        return Lender(vendor, warehouse, self.ttl_s, open_for)

    def test_the_storage_shows_its_owner_everything(
        self, owner: ObjectStore, place: Place, root: str, bucket: str
    ) -> None:
        # Otherwise a denial would prove nothing.
        assert root.startswith(f"{bucket}/")
        everything = {info.location for info in owner.list(bucket)}
        assert everything >= {info.location for info in owner.list(place.parent)} != set()
