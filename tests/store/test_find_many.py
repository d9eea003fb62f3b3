"""Records of many values are found wherever they are, in few pages, and the search always ends."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.store.api import ABSENT, Index, Kind, Page, Put
from pangolin.store.find_many import find_many
from pangolin.store.scoped import ScopedStore

THING = Kind("thing", ("tenant", "name"), {"tag": Index(("tenant", "tag"))})
# Neighbours of one another, of the last character before the surrogates, and of both ends.
LETTERS = "abij\x00\x01\ud7ff\ue000\U0010ffff"


class CountingView(ScopedStore):
    """A tenant's view that counts pages, and fails instead of reading forever."""

    pages = 0

    def page(self, *args: Any, **kwargs: Any) -> Page[Any]:
        self.pages += 1
        assert self.pages < 100
        return super().page(*args, **kwargs)


def view(tags: Sequence[str]) -> CountingView:
    """Return a tenant's view of one record per tag."""
    store = MemoryStore()
    store.setup([THING])
    puts = [
        Put(THING, {"tenant": "acme", "name": f"{number:04}", "tag": tag}, ABSENT)
        for number, tag in enumerate(tags)
    ]
    if puts:
        store.apply(*puts)
    return CountingView(store, "acme")


def found(store: CountingView, *tags: str) -> list[str]:
    return [record.doc["tag"] for record in find_many(store, THING, "tag", tags)]


@pytest.mark.parametrize("wanted", ["g", "pii", "b", "zz"])
def test_a_search_for_what_is_not_there_ends(wanted: str) -> None:
    tags = [letter + "1" for letter in "abcdefghijklmnopqrstuvwxyz"] + ["pia"] * 25
    assert found(view(tags), wanted) == []


def test_rows_before_a_wanted_value_are_skipped_at_once() -> None:
    store = view([*(f"pi{letter}{number}" for letter in "abc" for number in range(300)), "pii"])
    assert (found(store, "pii"), store.pages) == (["pii"], 1)


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=3), max_size=60),
    st.lists(st.text(LETTERS, min_size=1, max_size=3), max_size=5),
)
def test_every_record_of_a_wanted_value_is_found(tags: list[str], wanted: list[str]) -> None:
    expected = sorted(tag for tag in tags if tag in wanted)
    assert found(view(tags), *wanted) == expected
