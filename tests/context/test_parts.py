"""What a process makes once, and what a fork forgets."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from pangolin.services.context.parts import Parts
from pangolin.services.context.runtime import Part, Runtime
from tests.forks import holds_in_child

NUMBERS = count()
NUMBER: Part[int] = Part(lambda runtime: next(NUMBERS))
KEPT: Part[int] = Part(lambda runtime: next(NUMBERS), inherited=True)
EMPTY: Part[dict[str, str]] = Part(lambda runtime: {}, inherited=True)
NESTED: Part[tuple[int, int]] = Part(lambda runtime: (runtime.part(NUMBER), next(NUMBERS)))


def test_a_part_is_made_once_for_each_runtime(runtime: Runtime) -> None:
    first = runtime.part(NUMBER)
    assert runtime.part(NUMBER) == first
    other = Runtime(runtime.store, runtime.settings, runtime.clock)
    assert other.part(NUMBER) != first


def test_a_part_may_stand_on_another(runtime: Runtime) -> None:
    assert runtime.part(NESTED)[0] == runtime.part(NUMBER)


def test_threads_share_a_part(runtime: Runtime) -> None:
    start = threading.Barrier(8)

    def made(_: int) -> int:
        start.wait(10)
        return runtime.part(NUMBER)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(made, range(8)))) == 1


def test_a_part_that_could_not_be_made_is_tried_again() -> None:
    parts, answers = Parts(), iter([ValueError("not yet"), None])

    def make() -> str:
        error = next(answers)
        if error is not None:
            raise error
        return "made"

    with pytest.raises(ValueError, match="not yet"):
        parts.get("key", make)
    assert parts.get("key", make) == "made"


def test_a_forked_process_makes_its_own_parts(runtime: Runtime) -> None:
    mine = runtime.part(NUMBER)
    assert holds_in_child(lambda: runtime.part(NUMBER) != mine)
    assert runtime.part(NUMBER) == mine


def test_a_forked_process_inherits_what_says_so(runtime: Runtime) -> None:
    mine, empty = runtime.part(KEPT), runtime.part(EMPTY)
    assert holds_in_child(lambda: runtime.part(KEPT) == mine and runtime.part(EMPTY) is empty)


def test_a_forked_process_does_not_wait_for_what_a_thread_of_its_parent_was_making() -> None:
    parts, begun, end = Parts(), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        end.wait(10)
        return "parent"

    thread = threading.Thread(target=lambda: parts.get("key", slow))
    thread.start()
    begun.wait(10)
    try:
        assert holds_in_child(lambda: parts.get("key", lambda: "child") == "child")
    finally:
        end.set()
        thread.join()
