"""The batch: what each change expects, and that all of a batch is applied or nothing."""

import pytest

from pangolin.store.api import (
    ABSENT,
    ANY,
    Change,
    Delete,
    Put,
    Require,
    RequireEmpty,
    Store,
)
from pangolin.testing.store_contract_kinds import (
    NAMESPACE,
    TABLE,
    TENANT,
    add,
    all_names,
    key,
    namespace,
    put,
    read,
    refused,
    table,
    version,
)


class BatchContract:
    """Expectations of each change, atomicity, versions."""

    def test_an_insert_refuses_an_existing_key(self, store: Store) -> None:
        add(store, "orders", note="first")
        assert refused(store, change := put("orders", note="second")) is change
        assert read(store, TABLE, *key("orders")).doc["note"] == "first"

    def test_a_replace_succeeds_at_the_version_that_was_read(self, store: Store) -> None:
        add(store, "orders", note="first")
        store.apply(put("orders", version(store, "orders"), note="second"))
        assert read(store, TABLE, *key("orders")).doc["note"] == "second"

    def test_a_replace_refuses_a_version_that_has_passed(self, store: Store) -> None:
        add(store, "orders", note="first")
        old = version(store, "orders")
        store.apply(put("orders", old, note="second"))
        assert refused(store, change := put("orders", old, note="third")) is change
        assert read(store, TABLE, *key("orders")).doc["note"] == "second"

    def test_a_replace_refuses_a_record_that_is_gone(self, store: Store) -> None:
        add(store, "orders")
        old = version(store, "orders")
        store.apply(Delete(TABLE, key("orders")))
        assert refused(store, change := put("orders", old)) is change
        assert store.get(TABLE, key("orders")) is None

    def test_an_upsert_inserts_and_then_replaces(self, store: Store) -> None:
        store.apply(put("orders", ANY, note="first"))
        store.apply(put("orders", ANY, note="second"))
        assert read(store, TABLE, *key("orders")).doc == table("orders", note="second")

    def test_every_write_changes_the_version(self, store: Store) -> None:
        add(store, "orders")
        seen = {version(store, "orders")}
        for _ in range(5):
            store.apply(put("orders", ANY))
            seen.add(version(store, "orders"))
        assert len(seen) == 6

    def test_a_version_is_not_used_again_after_delete_and_insert(self, store: Store) -> None:
        seen = set()
        for _ in range(5):
            add(store, "orders")
            seen.add(version(store, "orders"))
            store.apply(Delete(TABLE, key("orders")))
        assert len(seen) == 5

    def test_a_delete_at_a_version_refuses_a_newer_record(self, store: Store) -> None:
        add(store, "orders")
        old = version(store, "orders")
        store.apply(put("orders", ANY))
        assert refused(store, change := Delete(TABLE, key("orders"), old)) is change
        store.apply(Delete(TABLE, key("orders"), version(store, "orders")))
        assert store.get(TABLE, key("orders")) is None

    def test_a_delete_at_a_version_refuses_a_missing_record(self, store: Store) -> None:
        assert refused(store, change := Delete(TABLE, key("orders"), 1)) is change

    def test_a_delete_of_whatever_is_there_accepts_a_missing_record(self, store: Store) -> None:
        store.apply(Delete(TABLE, key("orders"), ANY))

    def test_a_batch_with_one_bad_change_writes_nothing(self, store: Store) -> None:
        add(store, "b", "c")
        bad = put("b")
        assert refused(store, put("a"), Delete(TABLE, key("c")), bad, put("d")) is bad
        assert all_names(store) == ["b", "c"]

    def test_a_batch_spans_kinds(self, store: Store) -> None:
        store.apply(Put(NAMESPACE, namespace("sales")), put("orders"))
        bad = Put(NAMESPACE, namespace("sales"))
        assert refused(store, put("returns"), bad) is bad
        assert all_names(store) == ["orders"]

    def test_the_conflict_names_the_first_change_that_does_not_hold(self, store: Store) -> None:
        add(store, "a", "b")
        changes = [put("z"), put("b"), put("a")]
        assert refused(store, *changes) is changes[1]

    def test_an_empty_batch_does_nothing(self, store: Store) -> None:
        store.apply()

    def test_two_writes_of_one_key_are_a_programming_error(self, store: Store) -> None:
        with pytest.raises(ValueError, match="two writes"):
            store.apply(put("orders"), Delete(TABLE, key("orders")))
        assert all_names(store) == []


class RequireContract:
    """Requirements on records that a batch does not write."""

    def test_a_required_version_must_be_the_present_one(self, store: Store) -> None:
        store.apply(Put(NAMESPACE, namespace("sales")))
        old = read(store, NAMESPACE, TENANT, "sales").version
        store.apply(Require(NAMESPACE, (TENANT, "sales"), old), put("orders"))
        store.apply(Put(NAMESPACE, namespace("sales"), ANY))
        change = Require(NAMESPACE, (TENANT, "sales"), old)
        assert refused(store, change, put("returns")) is change
        assert all_names(store) == ["orders"]

    def test_a_requirement_does_not_change_the_version(self, store: Store) -> None:
        store.apply(Put(NAMESPACE, namespace("sales")))
        old = read(store, NAMESPACE, TENANT, "sales")
        store.apply(Require(NAMESPACE, (TENANT, "sales"), old.version), put("orders"))
        assert read(store, NAMESPACE, TENANT, "sales") == old

    def test_a_record_required_at_a_version_must_exist(self, store: Store) -> None:
        change = Require(NAMESPACE, (TENANT, "sales"), 1)
        assert refused(store, change, put("orders")) is change

    def test_a_record_required_at_any_version_must_exist(self, store: Store) -> None:
        change = Require(NAMESPACE, (TENANT, "sales"), ANY)
        assert refused(store, change, put("orders")) is change
        store.apply(Put(NAMESPACE, namespace("sales")))
        store.apply(Require(NAMESPACE, (TENANT, "sales"), ANY), put("orders"))
        assert all_names(store) == ["orders"]

    def test_a_record_required_absent_must_not_exist(self, store: Store) -> None:
        change = Require(NAMESPACE, (TENANT, "sales"), ABSENT)
        store.apply(change, put("orders"))
        store.apply(Put(NAMESPACE, namespace("sales")))
        assert refused(store, change, put("returns")) is change

    def test_a_batch_of_requirements_alone_is_judged(self, store: Store) -> None:
        add(store, "orders")
        store.apply(Require(TABLE, key("orders")))
        assert refused(store, change := Require(TABLE, key("returns"))) is change

    @pytest.mark.parametrize("prefix", [(TENANT,), (TENANT, "sales"), (TENANT, "sales", "orders")])
    def test_require_empty_refuses_a_key_prefix_with_a_record(
        self, store: Store, prefix: tuple[str, ...]
    ) -> None:
        change = RequireEmpty(TABLE, prefix)
        store.apply(change, Put(NAMESPACE, namespace("first")))
        add(store, "orders")
        assert refused(store, Put(NAMESPACE, namespace("second")), change) is change
        assert store.get(NAMESPACE, (TENANT, "second")) is None

    def test_require_empty_ignores_neighbours(self, store: Store) -> None:
        store.apply(put("orders"), Put(TABLE, table("orders", "sales2")))
        store.apply(RequireEmpty(TABLE, (TENANT, "sale")), RequireEmpty(TABLE, (TENANT, "sales1")))

    def test_require_empty_refuses_an_index_prefix_with_a_record(self, store: Store) -> None:
        change = RequireEmpty(TABLE, (TENANT, "live"), "state")
        add(store, "gone", state="dropped")
        add(store, "stateless")
        store.apply(change, put("orders", state="live"))
        assert refused(store, change) is change
        store.apply(put("orders", ANY, state="dropped"))
        store.apply(change)

    def test_preconditions_are_judged_before_the_batch_writes(self, store: Store) -> None:
        batch: list[Change] = [RequireEmpty(TABLE, (TENANT,)), put("orders")]
        store.apply(put("a"), RequireEmpty(TABLE, (TENANT,)))
        store.apply(Delete(TABLE, key("a")))
        store.apply(*batch)
        own = Delete(TABLE, key("orders")), (empty := RequireEmpty(TABLE, (TENANT,)))
        assert refused(store, *own) is empty

    def test_a_record_may_be_required_and_written_in_one_batch(self, store: Store) -> None:
        add(store, "orders")
        old = version(store, "orders")
        store.apply(Require(TABLE, key("orders"), old), put("orders", ANY, note="new"))
        assert read(store, TABLE, *key("orders")).doc["note"] == "new"
