"""Indexes: uniqueness, sparseness, and that they follow every write."""

from pangolin.store.api import ANY, Delete, Put, Store
from pangolin.testing.store_contract_kinds import (
    TABLE,
    TENANT,
    add,
    all_names,
    key,
    names,
    put,
    read,
    refused,
    table,
)


class IndexContract:
    """Unique, sparse and secondary indexes."""

    def test_find_reads_by_a_unique_index(self, store: Store) -> None:
        store.apply(put("orders", id="1"), put("returns", id="2"))
        found = store.find(TABLE, "id", (TENANT, "2"))
        assert found == read(store, TABLE, *key("returns"))
        assert store.find(TABLE, "id", (TENANT, "3")) is None

    def test_a_unique_index_refuses_a_second_insert(self, store: Store) -> None:
        add(store, "orders", id="1")
        assert refused(store, put("fine", id="2"), change := put("returns", id="1")) is change
        assert all_names(store) == ["orders"]

    def test_a_unique_index_refuses_an_update(self, store: Store) -> None:
        store.apply(put("orders", id="1"), put("returns", id="2"))
        assert refused(store, change := put("returns", ANY, id="1")) is change
        assert read(store, TABLE, *key("returns")).doc["id"] == "2"

    def test_a_unique_index_refuses_two_equal_values_of_one_batch(self, store: Store) -> None:
        changes = [put("orders", id="1"), put("returns", id="1")]
        assert refused(store, *changes) in changes
        assert all_names(store) == []

    def test_a_unique_index_tells_tenants_apart(self, store: Store) -> None:
        add(store, "orders", id="1")
        store.apply(Put(TABLE, table("orders", id="1") | {"tenant": "other"}))

    def test_a_record_may_be_rewritten_with_its_own_unique_value(self, store: Store) -> None:
        add(store, "orders", id="1")
        store.apply(put("orders", ANY, id="1", note="new"))
        assert read(store, TABLE, *key("orders")).doc["note"] == "new"

    def test_a_rename_carries_a_unique_value_to_another_key(self, store: Store) -> None:
        add(store, "orders", id="1")
        store.apply(put("a", id="1"), Delete(TABLE, key("orders")))
        store.apply(Delete(TABLE, key("a")), put("z", id="1"))
        found = store.find(TABLE, "id", (TENANT, "1"))
        assert found is not None
        assert found.doc["name"] == "z"

    def test_two_records_may_swap_their_unique_values_in_one_batch(self, store: Store) -> None:
        store.apply(put("a", id="1"), put("b", id="2"))
        store.apply(put("a", ANY, id="2"), put("b", ANY, id="1"))
        assert read(store, TABLE, *key("a")).doc["id"] == "2"
        assert read(store, TABLE, *key("b")).doc["id"] == "1"

    def test_a_deleted_record_frees_its_unique_value(self, store: Store) -> None:
        add(store, "orders", id="1")
        store.apply(Delete(TABLE, key("orders")))
        add(store, "returns", id="1")

    def test_records_without_an_indexed_field_are_unlimited_and_unlisted(
        self, store: Store
    ) -> None:
        add(store, "absent", "also_absent")
        store.apply(put("none", id=None, state=None), put("orders", id="1", state="live"))
        assert names(store.page(TABLE, (TENANT,), index="id")) == ["orders"]
        assert names(store.page(TABLE, (TENANT,), index="state")) == ["orders"]
        assert store.count(TABLE, (TENANT,), index="state") == 1
        assert store.count(TABLE, (TENANT,)) == 4

    def test_an_absent_field_and_none_are_read_back_as_they_were_written(
        self, store: Store
    ) -> None:
        store.apply(put("absent"), put("none", id=None))
        assert "id" not in read(store, TABLE, *key("absent")).doc
        assert read(store, TABLE, *key("none")).doc["id"] is None

    def test_a_record_enters_and_leaves_an_index_as_its_field_does(self, store: Store) -> None:
        add(store, "orders")
        store.apply(put("orders", ANY, state="live"))
        assert names(store.page(TABLE, (TENANT, "live"), index="state")) == ["orders"]
        store.apply(put("orders", ANY, state="dropped"))
        assert names(store.page(TABLE, (TENANT, "live"), index="state")) == []
        store.apply(put("orders", ANY))
        assert names(store.page(TABLE, (TENANT,), index="state")) == []

    def test_a_replace_frees_its_old_unique_value(self, store: Store) -> None:
        add(store, "orders", id="1")
        store.apply(put("orders", ANY, id="2"))
        add(store, "returns", id="1")
        assert store.find(TABLE, "id", (TENANT, "1")) == read(store, TABLE, *key("returns"))

    def test_rows_of_an_index_are_ordered_by_its_fields_and_then_by_key(self, store: Store) -> None:
        store.apply(
            put("b", state="live"),
            put("a", state="live"),
            put("c", state="dropped"),
            Put(TABLE, table("z", "earlier", state="live")),
        )
        page = store.page(TABLE, (TENANT,), index="state")
        assert names(page) == ["c", "z", "a", "b"]

    def test_integers_are_ordered_by_value(self, store: Store) -> None:
        ranks = [9, 10, -1, 0, 2**62, -(2**62), 100, 2**63 - 1, -(2**63)]
        store.apply(*(put(f"t{rank}", rank=rank) for rank in ranks))
        records = store.page(TABLE, (TENANT,), index="rank").records
        assert [record.doc["rank"] for record in records] == sorted(ranks)
        assert names(store.page(TABLE, (TENANT, 10), index="rank")) == ["t10"]
