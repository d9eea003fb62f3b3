"""Pages: order by code point, ranges by prefix and `after`, both directions."""

import pytest

from pangolin.store.api import ANY, Key, Put, Store
from pangolin.testing.store_contract_kinds import (
    COUNTER,
    EVENT,
    TABLE,
    TENANT,
    add,
    key,
    names,
    put,
    table,
)

MIXED = ["", "!", "10", "9", "A", "Z", "_", "a", "aa", "a b", "ab", "b"]
MIXED += ["é", "ÿ", "Ā", "Ω", "\uffff", "😀"]


def _walk(store: Store, prefix: Key, limit: int, index: str | None, reverse: bool) -> list[str]:
    found: list[str] = []
    after: Key | None = None
    while True:
        page = store.page(TABLE, prefix, index=index, after=after, limit=limit, reverse=reverse)
        assert len(page.records) <= limit
        found += names(page)
        if page.after is None:
            return found
        assert len(page.records) == limit, "only the last page may be short"
        after = page.after


class PageContract:
    """Paging, counting, scanning and purging."""

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    @pytest.mark.parametrize("reverse", [False, True])
    def test_pages_follow_code_points_in_both_directions(
        self, store: Store, limit: int, reverse: bool
    ) -> None:
        add(store, *MIXED)
        found = _walk(store, (TENANT, "sales"), limit, None, reverse)
        assert found == sorted(MIXED, reverse=reverse)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_pages_of_an_index_follow_its_fields_and_then_the_key(
        self, store: Store, reverse: bool
    ) -> None:
        states = {f"t{i}": "xyz"[i % 3] for i in range(10)}
        store.apply(*(put(name, state=state) for name, state in states.items()))
        found = _walk(store, (TENANT,), 3, "state", reverse)
        assert found == sorted(states, key=lambda n: (states[n], n), reverse=reverse)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_pages_of_a_unique_index_follow_its_fields(self, store: Store, reverse: bool) -> None:
        store.apply(*(put(f"t{i}", id=f"{(i * 7) % 10}") for i in range(10)))
        wanted = sorted((f"t{i}" for i in range(10)), key=lambda n: int(n[1:]) * 7 % 10)
        assert _walk(store, (TENANT,), 3, "id", reverse) == (wanted[::-1] if reverse else wanted)

    def test_after_holds_what_follows_the_prefix(self, store: Store) -> None:
        store.apply(*(put(name, state="live", id=name, rank=7) for name in "abc"))
        assert store.page(TABLE, (), limit=1).after == (TENANT, "sales", "a")
        assert store.page(TABLE, (TENANT,), limit=1).after == ("sales", "a")
        assert store.page(TABLE, (TENANT, "sales"), limit=1).after == ("a",)
        assert store.page(TABLE, (TENANT,), index="state", limit=1).after == ("live", "sales", "a")
        assert store.page(TABLE, (TENANT, 7), index="rank", limit=1).after == ("sales", "a")
        assert store.page(TABLE, (TENANT,), index="id", limit=1).after == ("a", "sales", "a")

    def test_a_last_page_that_is_full_has_no_after(self, store: Store) -> None:
        add(store, "a", "b")
        assert store.page(TABLE, (TENANT,), limit=2).after is None
        assert store.page(TABLE, ("nobody",), limit=2).after is None

    def test_a_row_equal_to_a_partial_after_is_not_beyond_it(self, store: Store) -> None:
        places = [("ns1", "a"), ("ns1", "b"), ("ns2", "c"), ("ns3", "d")]
        store.apply(*(Put(TABLE, table(name, parent)) for parent, name in places))
        assert names(store.page(TABLE, (TENANT,), after=("ns1",))) == ["c", "d"]
        assert names(store.page(TABLE, (TENANT,), after=("ns2",), reverse=True)) == ["b", "a"]
        assert names(store.page(TABLE, (TENANT,), after=())) == ["a", "b", "c", "d"]

    def test_after_need_not_be_a_row(self, store: Store) -> None:
        add(store, "a", "c")
        prefix = (TENANT, "sales")
        assert names(store.page(TABLE, prefix, after=("b",))) == ["c"]
        assert names(store.page(TABLE, prefix, after=("b",), reverse=True)) == ["a"]
        assert names(store.page(TABLE, prefix, after=("d",))) == []

    def test_a_page_goes_on_after_its_last_row_was_deleted(self, store: Store) -> None:
        add(store, "a", "b", "c", state="live")
        first = store.page(TABLE, (TENANT, "live"), index="state", limit=2)
        store.apply(put("b", ANY, state="dropped"))
        rest = store.page(TABLE, (TENANT, "live"), index="state", after=first.after)
        assert names(rest) == ["c"]

    def test_a_prefix_is_whole_values_not_the_start_of_text(self, store: Store) -> None:
        for parent in ("sale", "sales", "sales.eu", "sales\x1feu"):
            store.apply(Put(TABLE, table(f"in {parent}", parent)))
        assert names(store.page(TABLE, (TENANT, "sales"))) == ["in sales"]

    def test_a_whole_key_is_a_prefix(self, store: Store) -> None:
        add(store, "a", "b", id=None)
        assert names(store.page(TABLE, key("b"))) == ["b"]
        assert names(store.page(TABLE, key("b"), reverse=True)) == ["b"]

    def test_integer_keys_are_paged_by_value(self, store: Store) -> None:
        times = [5, 40, 300, 0, -7]
        store.apply(*(Put(EVENT, {"tenant": TENANT, "at": at}) for at in times))
        page = store.page(EVENT, (TENANT,), after=(40,), reverse=True)
        assert [record.doc["at"] for record in page.records] == [5, 0, -7]

    def test_too_many_values_are_a_programming_error(self, store: Store) -> None:
        with pytest.raises(ValueError, match="contract_counter"):
            store.page(COUNTER, ("a", "b"))
        with pytest.raises(ValueError, match="contract_counter"):
            store.page(COUNTER, ("a",), after=("b",))
        with pytest.raises(ValueError, match="contract_counter"):
            store.get(COUNTER, ("a", "b"))
        with pytest.raises(ValueError, match="limit"):
            store.page(COUNTER, limit=0)

    def test_scan_visits_every_record_once_in_order(self, store: Store) -> None:
        wanted = [f"t{i:03}" for i in range(25)]
        add(store, *reversed(wanted), state="live")
        seen = [record.doc["name"] for record in store.scan(TABLE, (TENANT,), batch=4)]
        assert seen == wanted
        by_index = store.scan(TABLE, (TENANT, "live"), index="state", batch=4)
        assert [record.doc["name"] for record in by_index] == wanted

    def test_a_scan_allows_writes_between_its_records(self, store: Store) -> None:
        add(store, *(f"t{i}" for i in range(10)))
        for record in store.scan(TABLE, (TENANT,), batch=3):
            store.apply(Put(TABLE, record.doc | {"seen": True}, record.version))
        assert all(record.doc["seen"] for record in store.scan(TABLE, (TENANT,)))

    def test_count_is_of_the_prefix(self, store: Store) -> None:
        add(store, "a", "b", state="live")
        store.apply(Put(TABLE, table("c", "other", state="dropped")))
        assert store.count(TABLE) == 3
        assert store.count(TABLE, (TENANT, "sales")) == 2
        assert store.count(TABLE, (TENANT, "dropped"), index="state") == 1
        assert store.count(TABLE, ("nobody",)) == 0

    def test_purge_deletes_a_prefix_and_nothing_else(self, store: Store) -> None:
        add(store, *(f"t{i}" for i in range(11)), state="live")
        store.apply(Put(TABLE, table("kept", "sales2", id="1", state="live")))
        assert store.purge(TABLE, (TENANT, "sales"), batch=5) == 11
        assert names(store.page(TABLE, (TENANT,))) == ["kept"]
        assert names(store.page(TABLE, (TENANT, "live"), index="state")) == ["kept"]
        assert store.purge(TABLE, (TENANT, "sales")) == 0

    def test_purge_of_a_full_last_batch_ends(self, store: Store) -> None:
        add(store, *(f"t{i}" for i in range(10)))
        assert store.purge(TABLE, (), batch=5) == 10
