"""The store that plugins share, on obstore's own memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from obstore.exceptions import AlreadyExistsError
from obstore.store import MemoryStore

from pangolin.errors import Forbidden, Unavailable
from pangolin.iceberg.locations import parse_location
from pangolin.interfaces.object_storage import ObjectExists, ObjectMissing
from pangolin.testing.object_contract import ObjectStoreContract
from pangolin.toolkit.buckets import BucketObjects, Supplier

ROOT = "s3://bucket/lake"


@contextmanager
def answering(location: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissing(f"there is no object at {location}") from None
    except AlreadyExistsError:
        raise ObjectExists(f"there is an object at {location}") from None
    except ValueError:
        raise Unavailable("the store is away") from None


def opened() -> BucketObjects:
    return BucketObjects(parse_location(ROOT), MemoryStore, answering)


class TestBucketObjects(ObjectStoreContract):
    @pytest.fixture
    def object_store(self) -> BucketObjects:
        return opened()

    @pytest.fixture
    def root(self) -> str:
        return f"{ROOT}/a"


def test_it_connects_once_and_not_before_it_is_used() -> None:
    made: list[MemoryStore] = []

    def connect() -> MemoryStore:
        made.append(MemoryStore())
        return made[-1]

    store = BucketObjects(parse_location(ROOT), connect, answering)
    assert made == []
    store.put(f"{ROOT}/a", b"x")
    assert store.get(f"{ROOT}/a") == b"x"
    assert len(made) == 1


def test_a_child_of_a_process_that_used_it_is_told_so() -> None:
    store = opened()
    store.check()
    child = os.fork()
    if child == 0:
        try:
            store.check()
        except Unavailable:
            os._exit(17)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17


def test_what_a_supplier_raises_comes_before_what_the_client_makes_of_it() -> None:
    refusals: list[Forbidden] = [Forbidden("the authority refuses the secret")]

    def supply() -> dict[str, Any]:
        if refusals:
            raise refusals.pop()
        return {"token": "t"}

    supplier = Supplier(supply)
    with pytest.raises(Forbidden, match="the authority refuses"), supplier.before(answering)("x"):
        try:
            supplier()
        except Forbidden:
            raise ValueError("could not get a credential") from None
    supplier()
    with pytest.raises(Unavailable, match="is away"), supplier.before(answering)("x"):
        raise ValueError("connection reset")
