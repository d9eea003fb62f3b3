"""An `Lru` remembers a bounded number of things."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pangolin.store.lru import Lru


def test_what_was_put_is_got_until_it_is_dropped() -> None:
    hints: Lru[str, int] = Lru()
    assert hints.get("a") is None
    hints.put("a", 1)
    hints.put("a", 2)
    assert hints.get("a") == 2
    hints.drop("a")
    hints.drop("a")
    assert hints.get("a") is None


def test_the_entry_least_recently_used_is_forgotten() -> None:
    hints: Lru[str, int] = Lru(2)
    hints.put("a", 1)
    hints.put("b", 2)
    hints.get("a")
    hints.put("c", 3)
    assert [hints.get(key) for key in "abc"] == [1, None, 3]


def test_hints_need_room() -> None:
    with pytest.raises(ValueError, match="size"):
        Lru(0)


def test_threads_share_hints_and_the_bound_holds() -> None:
    hints: Lru[int, int] = Lru(50)

    def work(start: int) -> None:
        for at in range(start, start + 500):
            hints.put(at % 97, at % 97)
            assert hints.get(at % 97) in (at % 97, None)
            hints.drop((at * 3) % 97)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(hints) <= 50
