"""Values: that every document and every text a key can hold comes back as it went in."""

from typing import Any

import pytest

from pangolin.errors import BadRequest
from pangolin.store.api import ANY, Delete, Put, Require, RequireEmpty, Store
from pangolin.testing.store_contract_kinds import (
    COUNTER,
    EVENT,
    TABLE,
    TENANT,
    add,
    key,
    names,
    put,
    read,
    refused,
    table,
)

ODD = {
    "empty": "",
    "percent": "100%",
    "underscore": "a_b",
    "single quote": "it's",
    "double quote": 'say "x"',
    "backslash": "a\\b\\",
    "dollar": "$set.a",
    "NUL": "a\0b",
    "only NUL": "\0",
    "U+0001": "\1",
    "escapes": "\0\1\1\0\2",
    "line break": "a\r\nb",
    "level separator": "a\x1fb",
    "four bytes": "😀𝔘",
    "combining": "e\u0301",
    "composed": "é",
    "byte order mark": "\ufeffa",
    "bidirectional": "\u202eabc",
    "spaces": " a  ",
    "long": "long/" * 200,
}
LONE = "\ud800"


class ValueContract:
    """Reading back, odd text in every place, and values that are refused."""

    def test_a_document_is_read_back(self, store: Store) -> None:
        doc = table(
            "orders",
            id="1",
            text="ünï\0cödé 😀",
            number=2**53 + 1,
            negative=-5,
            fraction=0.1,
            yes=True,
            nothing=None,
            nested={"a": [1, {"b": []}], "$dollar.and.dots": {"": ""}},
        )
        store.apply(Put(TABLE, doc))
        assert read(store, TABLE, *key("orders")).doc == doc

    def test_a_missing_record_is_none(self, store: Store) -> None:
        assert store.get(TABLE, key("orders")) is None

    def test_a_document_of_one_mebibyte_is_read_back(self, store: Store) -> None:
        doc = table("big", text="0123456789abcdef" * 2**16, lists=list(range(10_000)))
        store.apply(Put(TABLE, doc))
        assert read(store, TABLE, *key("big")).doc == doc
        store.apply(Put(TABLE, doc | {"text": "x" * 2**20}, ANY))
        assert read(store, TABLE, *key("big")).doc["text"] == "x" * 2**20

    def test_callers_cannot_change_what_is_stored(self, store: Store) -> None:
        doc = table("orders", tags=["a"])
        store.apply(Put(TABLE, doc))
        doc["tags"].append("by the writer")
        read(store, TABLE, *key("orders")).doc["tags"].append("by a reader")
        store.page(TABLE, (TENANT,)).records[0].doc["tags"].append("by a lister")
        assert read(store, TABLE, *key("orders")).doc["tags"] == ["a"]

    def test_get_many_answers_in_order_with_none_for_the_missing(self, store: Store) -> None:
        add(store, "a", "b")
        store.apply(Put(COUNTER, {"name": "a", "n": 1}))
        wanted = [(TABLE, key("b")), (TABLE, key("x")), (COUNTER, ("a",)), (TABLE, key("a"))]
        found = store.get_many([*wanted, wanted[0]])
        assert [record and record.doc["name"] for record in found] == ["b", None, "a", "a", "b"]
        assert found[0] == found[4] == read(store, TABLE, *key("b"))

    def test_get_many_takes_long_lists_and_empty_ones(self, store: Store) -> None:
        wanted = [f"t{i}" for i in range(700)]
        add(store, *wanted[::2])
        found = store.get_many([(TABLE, key(name)) for name in wanted])
        assert [record and record.doc["name"] for record in found] == [
            name if at % 2 == 0 else None for at, name in enumerate(wanted)
        ]
        assert store.get_many([]) == []

    @pytest.mark.parametrize("text", ODD.values(), ids=ODD)
    def test_odd_text_works_as_a_key(self, store: Store, text: str) -> None:
        others = [other for other in ODD.values() if other != text]
        add(store, text, *others, note="first")
        store.apply(Put(TABLE, table(text, note="second"), ANY))
        assert read(store, TABLE, *key(text)).doc == table(text, note="second")
        assert names(store.page(TABLE, key(text))) == [text]
        store.apply(Require(TABLE, key(text)), Delete(TABLE, key(text)))
        assert store.get(TABLE, key(text)) is None
        assert store.count(TABLE, (TENANT, "sales")) == len(others)

    @pytest.mark.parametrize("text", ODD.values(), ids=ODD)
    def test_odd_text_works_as_a_prefix(self, store: Store, text: str) -> None:
        store.apply(*(Put(TABLE, table("t", parent, id=parent)) for parent in ODD.values()))
        assert [r.doc["namespace"] for r in store.page(TABLE, (TENANT, text)).records] == [text]
        found = store.find(TABLE, "id", (TENANT, text))
        assert found is not None
        assert found.doc["namespace"] == text
        change = RequireEmpty(TABLE, (TENANT, text))
        assert refused(store, change) is change

    def test_odd_text_is_paged_by_code_point(self, store: Store) -> None:
        texts = [*ODD.values(), "\0\0", "\0a", "\1a", "\2", "a", "a\0", "a\1", "a\2", "aa"]
        add(store, *texts)
        wanted = sorted(texts)
        page = store.page(TABLE, (TENANT, "sales"))
        assert names(page) == wanted
        for at, text in enumerate(wanted):
            after = store.page(TABLE, (TENANT, "sales"), after=(text,))
            assert names(after) == wanted[at + 1 :]

    @pytest.mark.parametrize("name", [LONE, "a" + LONE + "b", 5, True, None, 1.5, b"x", ["a"]])
    def test_what_cannot_be_text_is_refused_as_a_key(self, store: Store, name: Any) -> None:
        for attempt in (
            lambda: store.apply(Put(COUNTER, {"name": name})),
            lambda: store.get(COUNTER, (name,)),
            lambda: store.page(COUNTER, (name,)),
            lambda: store.apply(Delete(COUNTER, (name,))),
        ):
            with pytest.raises(BadRequest, match=r"contract_counter\.name must be"):
                attempt()

    @pytest.mark.parametrize("at", ["5", True, None, 1.0, 2**63, -(2**63) - 1])
    def test_what_cannot_be_a_64_bit_integer_is_refused(self, store: Store, at: Any) -> None:
        with pytest.raises(BadRequest, match=r"contract_event\.at must be a 64-bit integer"):
            store.apply(Put(EVENT, {"tenant": TENANT, "at": at}))

    def test_a_document_without_its_key_is_refused(self, store: Store) -> None:
        with pytest.raises(BadRequest, match=r"contract_counter\.name"):
            store.apply(Put(COUNTER, {"n": 1}))

    def test_an_index_value_of_the_wrong_type_is_refused(self, store: Store) -> None:
        with pytest.raises(BadRequest, match=r"contract_table\.id must be text"):
            store.apply(put("orders", id=5))
        with pytest.raises(BadRequest, match=r"contract_table\.rank must be a 64-bit integer"):
            store.apply(put("orders", rank="5"))

    @pytest.mark.parametrize("value", [LONE, {1, 2}, object()], ids=["surrogate", "set", "object"])
    def test_a_document_that_is_not_json_is_refused(self, store: Store, value: Any) -> None:
        with pytest.raises(BadRequest):
            store.apply(put("good"), put("orders", value=value))
        assert store.count(TABLE) == 0
