"""Where the contract of a credential vendor tries things, and how it tries them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import pytest

from pangolin.errors import BadRequest, Forbidden
from pangolin.interfaces.credential_vending import Access, CredentialVendor, Grant, Vended
from pangolin.interfaces.object_storage import ObjectStore, Warehouse

ANN: Final = "ann"
BOB: Final = "bob"
# What is in every directory before a test.
FILE: Final = "data/file"


@dataclass(frozen=True, slots=True)
class Place:
    """A table, its neighbours in a new directory, and the bucket, without trailing slashes.

    Each of them except the bucket holds a `FILE`.
    """

    bucket: str
    parent: str

    @property
    def table(self) -> str:
        """The directory that credentials are for."""
        return f"{self.parent}/table"

    @property
    def sibling(self) -> str:
        """A directory whose name begins with the table's."""
        return f"{self.parent}/table2"

    @property
    def other(self) -> str:
        """A directory with another name."""
        return f"{self.parent}/other"

    def fill(self, owner: ObjectStore) -> None:
        """Put a file into each directory."""
        for directory in (self.table, self.sibling, self.other, self.parent):
            owner.put(f"{directory}/{FILE}", b"data")


@dataclass(frozen=True, slots=True)
class Lender:
    """Vends from one warehouse and opens the storage with nothing but the credential."""

    vendor: CredentialVendor
    warehouse: Warehouse
    ttl_s: int
    open_for: Callable[[Vended], ObjectStore]

    def grant(self, access: Access, principal: str = ANN) -> Grant:
        """Return the grant of an access, as the core makes it for a principal."""
        return Grant(self.warehouse, access, principal, principal, self.ttl_s)

    def vend(self, access: Access, principal: str = ANN) -> Vended:
        """Mint a credential."""
        return self.vendor.vend(self.grant(access, principal))

    def lend(self, access: Access) -> ObjectStore:
        """Open the storage with a credential for the access."""
        return self.open_for(self.vend(access))

    def lend_or_refusal(self, access: Access) -> ObjectStore | str:
        """Open the storage, or return the vendor's message if no policy can express the access."""
        try:
            return self.lend(access)
        except BadRequest as error:
            return error.message


def everything(*directories: str) -> Access:
    """Everything below some directories."""
    return Access(directories, directories, directories)


def fresh(directory: str) -> str:
    """Return the location of a file that does not exist yet."""
    return f"{directory}/new-{uuid4().hex}"


def assert_opens(store: ObjectStore, directory: str) -> None:
    """Assert that a file can be written, read, listed and deleted in a directory."""
    location = fresh(directory)
    store.put(location, b"mine")
    assert store.get(location) == b"mine"
    assert location in {info.location for info in store.list(directory)}
    store.delete([location])
    assert location not in {info.location for info in store.list(directory)}


def assert_shut(store: ObjectStore, directory: str) -> None:
    """Assert that the storage denies every call in a directory that holds a `FILE`."""
    assert_unread(store, directory)
    assert_unwritten(store, directory)
    assert_undeleted(store, directory)


def assert_unread(store: ObjectStore, directory: str) -> None:
    """Assert that reading and listing are denied."""
    with pytest.raises(Forbidden):
        store.get(f"{directory}/{FILE}")
    assert_unlisted(store, directory)


def assert_unlisted(store: ObjectStore, directory: str) -> None:
    """Assert that listing is denied."""
    with pytest.raises(Forbidden):
        list(store.list(directory))


def assert_unwritten(store: ObjectStore, directory: str) -> None:
    """Assert that writing a new file is denied."""
    with pytest.raises(Forbidden):
        store.put(fresh(directory), b"not mine")


def assert_undeleted(store: ObjectStore, directory: str) -> None:
    """Assert that deleting is denied."""
    with pytest.raises(Forbidden):
        store.delete([f"{directory}/{FILE}"])
