"""A store compared with a dict: both give the same answers, whatever the order of changes."""

from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from pangolin.store.api import (
    ABSENT,
    ANY,
    Change,
    Conflict,
    Delete,
    Expected,
    Key,
    Put,
    Require,
    RequireEmpty,
    Store,
)
from pangolin.testing.store_contract_kinds import TABLE, TENANT

Model = dict[Key, tuple[dict[str, Any], int]]
NAMES = st.sampled_from(["", "a", "b", "\0", "\1", "é", "😀"])
KEYS = st.tuples(st.just(TENANT), st.sampled_from(["x", "y"]), NAMES)
EXPECT = st.sampled_from(["absent", "any", "present", "stale"])
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "delete", "require", "empty"]),
        KEYS,
        EXPECT,
        st.sampled_from([None, "1", "2", "3"]),
        st.sampled_from([None, -1, 0, 10, 9]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda drawn: drawn[1],
)


def holds(model: Model, changes: list[Change]) -> bool:
    """Judge a batch by the rules of `Store.apply`."""
    return all(_judge(model, change) for change in changes) and _unique(_after(model, changes))


def _judge(model: Model, change: Change) -> bool:
    if isinstance(change, RequireEmpty):
        return not any(key[: len(change.prefix)] == change.prefix for key in model)
    key = TABLE.key_of(change.doc) if isinstance(change, Put) else change.key
    if change.expect is ABSENT:
        return key not in model
    if change.expect is ANY:
        return key in model or not isinstance(change, Require)
    return key in model and model[key][1] == change.expect


def _after(model: Model, changes: list[Change]) -> Model:
    after = dict(model)
    for change in changes:
        if isinstance(change, Put):
            after[TABLE.key_of(change.doc)] = change.doc, 0
        elif isinstance(change, Delete):
            after.pop(change.key, None)
    return after


def _unique(model: Model) -> bool:
    ids = [doc["id"] for doc, _ in model.values() if doc["id"] is not None]
    return len(ids) == len(set(ids))


class StoreMachine(RuleBasedStateMachine):
    """Random batches on a store and on a dict."""

    store: ClassVar[Store]

    def __init__(self) -> None:
        super().__init__()
        self.model: Model = {}
        self.store.purge(TABLE, ())

    @rule(drawn=CHANGES)
    def apply(self, drawn: list[tuple[str, Key, str, str | None, int | None]]) -> None:
        changes = [self._change(*parts) for parts in drawn]
        expected = holds(self.model, changes)
        try:
            self.store.apply(*changes)
        except Conflict as conflict:
            assert not expected, f"{conflict} although {changes} hold"
            assert any(conflict.change is change for change in changes)
            return
        assert expected, f"{changes} were applied although they do not hold"
        self.model = _after(self.model, changes)
        self._learn_versions()

    @rule(key=KEYS)
    def get(self, key: Key) -> None:
        record = self.store.get(TABLE, key)
        assert (record and (record.doc, record.version)) == self.model.get(key)

    @rule(limit=st.integers(1, 5), reverse=st.booleans(), width=st.integers(0, 2), at=KEYS)
    def page(self, limit: int, reverse: bool, width: int, at: Key) -> None:
        page = self.store.page(TABLE, at[:width], after=at[width:], limit=limit, reverse=reverse)
        under = sorted(key for key in self.model if key[:width] == at[:width])
        beyond = [key for key in under if key > at]
        if reverse:
            beyond = [key for key in reversed(under) if key < at]
        assert [TABLE.key_of(record.doc) for record in page.records] == beyond[:limit]
        assert page.after == (beyond[limit - 1][width:] if len(beyond) > limit else None)

    @rule(index=st.sampled_from(["id", "rank"]), reverse=st.booleans())
    def page_index(self, index: str, reverse: bool) -> None:
        found = self.store.page(TABLE, (TENANT,), index=index, reverse=reverse).records
        listed = [(doc[index], key) for key, (doc, _) in self.model.items()]
        present = (entry for entry in listed if entry[0] is not None)
        wanted = [key for _, key in sorted(present, reverse=reverse)]
        assert [TABLE.key_of(record.doc) for record in found] == wanted

    @invariant()
    def same_records(self) -> None:
        found = {TABLE.key_of(r.doc): (r.doc, r.version) for r in self.store.scan(TABLE)}
        assert found == self.model

    def _change(
        self, what: str, key: Key, expect: str, id_: str | None, rank: int | None
    ) -> Change:
        if what == "empty":
            return RequireEmpty(TABLE, key[:2])
        expected = self._expected(key, expect)
        if what == "put":
            doc = dict(zip(TABLE.key, key, strict=True)) | {"id": id_, "rank": rank}
            return Put(TABLE, doc, expected)
        return (Delete if what == "delete" else Require)(TABLE, key, expected)

    def _expected(self, key: Key, expect: str) -> Expected:
        version = self.model[key][1] if key in self.model else 1
        choices: dict[str, Expected] = {
            "absent": ABSENT,
            "any": ANY,
            "present": version,
            "stale": version ^ 1,
        }
        return choices[expect]

    def _learn_versions(self) -> None:
        for key, (doc, _) in self.model.items():
            record = self.store.get(TABLE, key)
            assert record is not None, f"{key} is missing"
            self.model[key] = doc, record.version


class ModelContract:
    """The store against a dict."""

    examples: ClassVar[int] = 100

    def test_a_store_answers_as_a_dict_would(self, store: Store) -> None:
        machine = type("Machine", (StoreMachine,), {"store": store})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=self.examples,
                stateful_step_count=15,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
