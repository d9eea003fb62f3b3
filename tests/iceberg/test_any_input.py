"""Whatever JSON a client sends, the answer is metadata or an error that has a status."""

import contextlib
import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pangolin.errors import PangolinError
from pangolin.iceberg import create, read, requirements, view
from pangolin.iceberg.table import apply_updates
from tests.examples import examples
from tests.iceberg import moves, samples
from tests.iceberg.samples import LOCATION, NOW, UUID, Json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-2, max_value=5)
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "main", "branch", "identity", "struct", "long", "a.b", "\x00", "🐧"])
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "fields", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)

BASE = samples.apply(
    samples.table(3, **{"partition-spec": samples.spec(("b", "bucket[2]", 1))}),
    samples.add_snapshot(1, **{"first-row-id": 0, "added-rows": 3}),
    samples.set_ref(1),
)
VIEW = view.new_view(
    {"schema": samples.schema(), "view-version": samples.view_version()},
    location=LOCATION,
    uuid=UUID,
    now_ms=NOW,
)
UPDATES: list[Json] = [
    *(update for name in moves.MOVES for update in moves.updates(BASE, [(name, 1)])),
    {"action": "assign-uuid", "uuid": UUID},
    {"action": "upgrade-format-version", "format-version": 3},
    {
        "action": "add-encryption-key",
        "encryption-key": {"key-id": "k", "encrypted-key-metadata": "AAEC"},
    },
    {"action": "remove-encryption-key", "key-id": "k"},
]
VIEW_UPDATES: list[Json] = [
    {"action": "add-schema", "schema": samples.schema(samples.field(1, "a"))},
    {"action": "add-view-version", "view-version": samples.view_version(2)},
    {"action": "set-current-view-version", "view-version-id": -1},
    {"action": "set-properties", "updates": {"version.history.num-entries": "1"}},
]
REQUIREMENTS: list[Json] = [
    {"type": "assert-create"},
    {"type": "assert-table-uuid", "uuid": UUID},
    {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1},
    {"type": "assert-default-spec-id", "default-spec-id": 0},
]
REQUESTS: list[Json] = [
    samples.request(3, **{"partition-spec": samples.spec(("b", "day", 2))}),
    samples.request(2, **{"write-order": samples.order(("identity", 1))}),
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a JSON value."""
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in ((value, k), *places(v))]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in ((value, i), *places(v))]
    return []


@st.composite
def spoilt(draw: st.DrawFn, originals: list[Json]) -> Any:
    """A few of the originals, with one or two members replaced by anything or left out."""
    document = copy.deepcopy(draw(st.lists(st.sampled_from(originals), min_size=1, max_size=4)))
    for _ in range(draw(st.integers(min_value=1, max_value=2))):
        container, key = draw(st.sampled_from(places(document)))
        if isinstance(container, dict) and draw(st.booleans()):
            container.pop(key, None)
        elif isinstance(container, dict) or key < len(container):
            container[key] = draw(ANYTHING)
    return document


def checked(made: Json) -> None:
    """The result can be written as JSON, and read again."""
    json.dumps(made)
    assert read.table_metadata(made)


@examples(400)
@given(spoilt(UPDATES), st.booleans())
def test_spoilt_table_updates_never_crash(updates: Any, creates: bool) -> None:
    base, before = (None if creates else BASE), copy.deepcopy(BASE)
    with contextlib.suppress(PangolinError):
        checked(
            apply_updates(base, updates, now_ms=NOW + 9, metadata_location=None, uuid=UUID),
        )
    assert before == BASE


@examples(100)
@given(ANYTHING)
def test_random_updates_and_requirements_never_crash(value: Any) -> None:
    for call in (
        lambda: apply_updates(BASE, value, now_ms=NOW, metadata_location=None, uuid=UUID),
        lambda: view.apply_updates(VIEW, value, now_ms=NOW),
        lambda: requirements.check_table(BASE, value),
        lambda: requirements.is_create(value),
        lambda: read.table_metadata(value),
        lambda: read.view_metadata(value),
    ):
        with contextlib.suppress(PangolinError):
            call()


@examples(100)
@given(spoilt(VIEW_UPDATES))
def test_spoilt_view_updates_never_crash(updates: Any) -> None:
    with contextlib.suppress(PangolinError):
        assert read.view_metadata(view.apply_updates(VIEW, updates, now_ms=NOW))


@examples(100)
@given(spoilt(REQUIREMENTS))
def test_spoilt_requirements_never_crash(asked: Any) -> None:
    for base in (None, BASE):
        with contextlib.suppress(PangolinError):
            requirements.check_table(base, asked)


@examples(200)
@given(spoilt(REQUESTS))
def test_spoilt_create_requests_never_crash(asked: Any) -> None:
    for request in asked:
        if isinstance(request, dict):
            with contextlib.suppress(PangolinError):
                checked(create.new_table(request, location=LOCATION, uuid=UUID, now_ms=NOW))


@examples(300)
@given(spoilt([BASE, samples.with_snapshots(1, 2), samples.with_snapshots(1, version=1)]))
def test_spoilt_metadata_files_never_crash(documents: Any) -> None:
    for document in documents:
        with contextlib.suppress(PangolinError):
            whole = read.table_metadata(document)
            samples.apply(whole, {"action": "set-location", "location": "s3://bucket/x"})
            samples.apply(whole, *moves.updates(BASE, [("schema", 1), ("spec", 1), ("order", 1)]))
