"""What a vended credential opens: its directories, as granted, and nothing else."""

from typing import ClassVar

import pytest

from pangolin.errors import Forbidden
from pangolin.interfaces.credential_vending import Access
from pangolin.interfaces.object_storage import ObjectStore
from pangolin.testing.vendor_contract_place import (
    FILE,
    Lender,
    Place,
    assert_opens,
    assert_shut,
    assert_undeleted,
    assert_unlisted,
    assert_unread,
    assert_unwritten,
    everything,
    fresh,
)

# A directory's name, and another that it must not be mistaken for.
ODD_NAMES = {
    "a space": ("a", "a+space", "a%20space"),
    "a%20b": ("a b",),
    "Grüße-日本-🦔": ("Gru",),
    "star*": ("star", "starfish", "star*2"),
    "*": ("any",),
    "what?": ("what", "what1"),
    "$dollar": ("dollar",),
    "${aws:username}": ("ann",),
    "it's": ("it", "its"),
    'double"quote': ("double",),
    "plus+(and)&[more]": ("plus",),
}


class ScopeContract:
    """Access inside as granted, and none outside."""

    closed_names: ClassVar[tuple[str, ...]]

    def test_everything_is_done_where_everything_is_granted(
        self, lender: Lender, place: Place
    ) -> None:
        assert_opens(lender.lend(everything(place.table)), place.table)

    def test_a_reader_reads_and_does_no_more(self, lender: Lender, place: Place) -> None:
        store = lender.lend(Access(read=(place.table,)))
        assert store.get(f"{place.table}/{FILE}") == b"data"
        assert [info.location for info in store.list(place.table)] == [f"{place.table}/{FILE}"]
        assert_unwritten(store, place.table)
        assert_undeleted(store, place.table)

    def test_a_writer_without_deletes_deletes_nothing(self, lender: Lender, place: Place) -> None:
        store, location = lender.lend(Access((place.table,), (place.table,))), fresh(place.table)
        store.put(location, b"mine")
        assert store.get(location) == b"mine"
        assert_undeleted(store, place.table)

    def test_what_lies_beside_and_above_stays_shut(
        self, lender: Lender, owner: ObjectStore, place: Place
    ) -> None:
        store = lender.lend(everything(place.table))
        for directory in (place.sibling, place.other, place.parent):
            assert_shut(store, directory)
            assert owner.get(f"{directory}/{FILE}") == b"data"

    def test_the_bucket_stays_shut(self, lender: Lender, owner: ObjectStore, place: Place) -> None:
        store, location = lender.lend(everything(place.table)), fresh(place.bucket)
        owner.put(location, b"not yours")
        try:
            for refused in (
                store.get,
                lambda at: store.put(at, b"x"),
                lambda at: store.delete([at]),
            ):
                with pytest.raises(Forbidden):
                    refused(location)
            assert_unlisted(store, place.bucket)
        finally:
            owner.delete([location])

    def test_an_access_to_nothing_opens_nothing(self, lender: Lender, place: Place) -> None:
        try:
            store = lender.lend(Access())
        except Forbidden:
            return
        assert_shut(store, place.table)
        assert_unlisted(store, place.bucket)

    def test_two_directories_are_in_one_credential_or_are_refused_by_name(
        self, lender: Lender, place: Place
    ) -> None:
        two = (place.table, place.other)
        store = lender.lend_or_refusal(everything(*two))
        if isinstance(store, str):
            assert all(directory in store for directory in two)
            return
        for directory in two:
            assert_opens(store, directory)
        assert_shut(store, place.sibling)

    def test_a_privilege_on_one_directory_is_none_on_another(
        self, lender: Lender, place: Place
    ) -> None:
        two = (place.table, place.other)
        store = lender.lend_or_refusal(Access(two, (place.table,), (place.table,)))
        if isinstance(store, str):
            assert all(directory in store for directory in two)
            return
        assert_opens(store, place.table)
        assert store.get(f"{place.other}/{FILE}") == b"data"
        assert_unwritten(store, place.other)
        assert_undeleted(store, place.other)

    def test_a_privilege_on_a_part_is_none_on_the_whole(self, lender: Lender, place: Place) -> None:
        part = f"{place.table}/data"
        store = lender.lend_or_refusal(Access((place.table,), (place.table, part), (part,)))
        if isinstance(store, str):
            assert part in store
            return
        owned = fresh(place.table)
        store.put(owned, b"x")
        with pytest.raises(Forbidden):
            store.delete([owned])
        store.delete([f"{part}/file"])

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_an_odd_name_opens_neither_more_nor_less(
        self, lender: Lender, owner: ObjectStore, place: Place, name: str
    ) -> None:
        directory = f"{place.parent}/{name}"
        store = lender.lend_or_refusal(everything(directory))
        if isinstance(store, str):
            assert directory in store
            return
        if name in self.closed_names:
            assert_unread(store, directory)
        else:
            assert_opens(store, directory)
        for decoy in (f"{name}2", *ODD_NAMES[name]):
            owner.put(f"{place.parent}/{decoy}/{FILE}", b"data")
            assert_shut(store, f"{place.parent}/{decoy}")
        assert_shut(store, place.table)
