"""The checker takes what a register could have given, and nothing else."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.replicas.linear import NEVER, Commit, Load, Operation, is_linearizable

FIRST = Commit(0, 1, None, 1, True)
GOOD: dict[str, list[Operation]] = {
    "nothing": [],
    "a commit and a read after it": [FIRST, Load(2, 3, 1)],
    "a read beside a commit that misses it": [FIRST, Load(0.5, 3, None)],
    "reads beside a slow commit that see it come": [
        Commit(0, 9, None, 1, True),
        Load(1, 2, None),
        Load(3, 4, 1),
    ],
    "a commit refused because of a rival that was still running": [
        Commit(0, 9, None, 1, True),
        Commit(1, 2, None, 2, False),
        Load(3, 4, 1),
    ],
    "an unanswered commit that took effect late": [
        Commit(0, NEVER, None, 1, None),
        Load(5, 6, None),
        Load(7, 8, 1),
    ],
    "an unanswered commit that never took effect": [
        Commit(0, NEVER, None, 1, None),
        Commit(5, 6, None, 2, True),
        Load(7, 8, 2),
    ],
    "a commit upon one that was not answered": [
        Commit(0, NEVER, None, 1, None),
        Commit(5, 6, 1, 2, True),
    ],
}
BAD: dict[str, list[Operation]] = {
    "a stale read": [FIRST, Load(2, 3, None)],
    "a read of what nobody wrote": [Load(0, 1, 7)],
    "a read from the future": [Load(0, 1, 1), Commit(2, 3, None, 1, True)],
    "a lost commit": [FIRST, Commit(2, 3, 1, 2, True), Load(4, 5, 1)],
    "two commits on one parent": [FIRST, Commit(0, 1, None, 2, True)],
    "a commit refused without a rival": [Commit(0, 1, None, 1, False), Load(2, 3, None)],
    "a refused commit that is seen": [
        FIRST,
        Commit(2, 3, None, 2, False),
        Load(4, 5, 2),
    ],
    "an unanswered commit that is seen and then gone": [
        Commit(0, NEVER, None, 1, None),
        Load(1, 2, 1),
        Load(3, 4, None),
    ],
    "an unanswered commit that is seen before it was sent": [
        Load(0, 1, 1),
        Commit(2, NEVER, None, 1, None),
    ],
    "reads that disagree about the order": [
        Commit(0, 20, None, 1, True),
        Load(1, 2, 1),
        Load(3, 4, None),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_history_that_a_register_could_give_is_taken(name: str) -> None:
    assert is_linearizable(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_history_that_no_register_could_give_is_refused(name: str) -> None:
    assert not is_linearizable(BAD[name])


def recorded(chance: random.Random, count: int) -> list[Operation]:
    """Record operations on a register that take effect at points within long, overlapping times."""
    current: int | None = None
    made: list[Operation] = []
    for at in range(1, count):
        began, ended = at - chance.uniform(0, 4), at + chance.uniform(0, 4)
        if chance.random() < 0.5:
            made.append(Load(began, ended, current))
            continue
        taken = chance.random() < 0.7
        parent = current if taken else chance.choice([None, -1])
        lost = chance.random() < 0.2
        taken = parent == current
        current = at if taken else current
        made.append(Commit(began, NEVER if lost else ended, parent, at, None if lost else taken))
    return made


@examples(60)
@given(st.integers(0, 2**32))
def test_whatever_a_register_gave_is_taken(seed: int) -> None:
    assert is_linearizable(recorded(random.Random(seed), 60))


@examples(60)
@given(st.integers(0, 2**32))
def test_a_read_of_what_was_overwritten_long_ago_is_refused(seed: int) -> None:
    history = recorded(random.Random(seed), 60)
    shown = [each.snapshot for each in commits(history)]
    last = max(each.began for each in history) + 10
    if len(shown) > 1:
        assert not is_linearizable([*history, Load(last, last + 1, None)])


def commits(history: Iterable[Operation]) -> list[Commit]:
    """List the commits that were acknowledged."""
    return [each for each in history if isinstance(each, Commit) and each.taken]


def test_a_thousand_operations_of_many_clients_are_checked_at_once() -> None:
    assert is_linearizable(recorded(random.Random(1), 1000))
