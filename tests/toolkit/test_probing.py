"""The proof of narrow credentials tells a store that keeps them from one that does not."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from pangolin.errors import Forbidden, Unavailable
from pangolin.iceberg.locations import parse_location
from pangolin.interfaces.credential_vending import Access
from pangolin.interfaces.object_storage import ObjectInfo, ObjectStore
from pangolin.toolkit.probes import prove_narrowness
from tests.toolkit.test_buckets import ROOT, opened

PROBE = f"{ROOT}/probe"
NAMES = [
    "server",
    "mint",
    "inside",
    "sibling-read",
    "sibling-write",
    "sibling-list",
    "parent-list",
    "delete",
    "read-only-mint",
    "read-only-write",
]


class Keeping:
    """A store that keeps to an access, but for the privileges it forgets about."""

    def __init__(self, store: ObjectStore, access: Access, lax: str = "") -> None:
        self._store = store
        self._access = access
        self._lax = lax

    def get(self, location: str) -> bytes:
        self._check("read", self._access.read, location)
        return self._store.get(location)

    def put(self, location: str, data: bytes, *, if_absent: bool = False) -> None:
        self._check("write", self._access.write, location)
        self._store.put(location, data, if_absent=if_absent)

    def head(self, location: str) -> ObjectInfo | None:
        return self._store.head(location)

    def delete(self, locations: Sequence[str]) -> None:
        self._check("delete", self._access.delete, locations[0])
        self._store.delete(locations)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self._check("list", self._access.read, prefix)
        return self._store.list(prefix)

    def check(self) -> None:
        self._store.check()

    def _check(self, kind: str, directories: Sequence[str], location: str) -> None:
        found = parse_location(location)
        if kind != self._lax and not any(parse_location(d).contains(found) for d in directories):
            raise Forbidden(f"{kind} is refused")


def results(open_for: Callable[[ObjectStore, Access], ObjectStore]) -> dict[str, str]:
    owner = opened()
    made = prove_narrowness(owner, lambda access: open_for(owner, access), PROBE, "grant a role")
    found = {check.name: check.result for check in made}
    assert list(owner.list(PROBE)) == []
    return found


def test_a_store_that_keeps_to_the_access_passes_everything() -> None:
    assert results(Keeping) == dict.fromkeys(NAMES, "passed")


@pytest.mark.parametrize(
    ("lax", "failed"),
    [
        ("read", {"sibling-read"}),
        ("write", {"sibling-write", "read-only-write"}),
        ("list", {"sibling-list", "parent-list"}),
        ("delete", {"delete"}),
    ],
)
def test_what_is_allowed_beyond_the_access_fails(lax: str, failed: set[str]) -> None:
    found = results(lambda store, access: Keeping(store, access, lax))
    assert {name for name, result in found.items() if result == "failed"} == failed


def test_a_credential_that_opens_nothing_fails_inside() -> None:
    found = results(lambda store, _: Keeping(store, Access()))
    assert {name for name, result in found.items() if result == "failed"} == {"inside"}


def test_a_refusal_to_mint_ends_the_trial() -> None:
    def refuse(store: ObjectStore, access: Access) -> ObjectStore:
        raise Forbidden("no such role")

    assert results(refuse) == {"server": "passed", "mint": "failed", "read-only-mint": "failed"}


def test_a_store_that_is_away_proves_nothing() -> None:
    class Away(Keeping):
        def get(self, location: str) -> bytes:
            raise Unavailable("no connection")

    found = results(Away)
    assert found["sibling-read"] == "unknown"
    assert found["inside"] == "failed"
