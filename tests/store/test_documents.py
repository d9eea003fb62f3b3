"""Each kind of record is declared with the document that it holds, and the two agree."""

from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from pangolin.store import kinds
from pangolin.store.api import Kind

HINTS = get_type_hints(kinds)
NAMES = {id(value): name for name, value in vars(kinds).items() if isinstance(value, Kind)}
BY_NAME = pytest.mark.parametrize("kind", kinds.ALL, ids=lambda kind: kind.name)


def document_of(kind: Kind) -> Any:
    """Return the class in a kind's annotation."""
    hint = HINTS[NAMES[id(kind)]]
    assert get_origin(hint) is Kind
    (document,) = get_args(hint)
    return document


@BY_NAME
def test_every_kind_is_annotated_with_its_document(kind: Kind) -> None:
    assert is_typeddict(document_of(kind))


@BY_NAME
def test_a_document_has_the_fields_of_the_key_and_of_the_indexes(kind: Kind) -> None:
    assert set(kind.columns()) <= document_of(kind).__annotations__.keys()


@BY_NAME
def test_a_document_has_integers_where_the_kind_has_them(kind: Kind) -> None:
    types = get_type_hints(document_of(kind))
    assert all(types[name] is int for name in kind.integers)
    assert {name for name in kind.columns() if types[name] is int} <= kind.integers


def test_every_kind_of_the_module_is_set_up() -> None:
    assert NAMES.keys() == {id(kind) for kind in kinds.ALL}
