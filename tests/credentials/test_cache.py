"""The memory of credentials, on a clock that the test moves."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from pangolin.errors import Forbidden, PangolinError, Unavailable
from pangolin.interfaces.credential_vending import Vended
from pangolin.services.context.parts import Parts
from pangolin.services.credentials.cache import CredentialCache
from tests.forks import holds_in_child

HOUR = 3_600_000
MINUTE = 60_000


@dataclass
class Mint:
    """Mints what lives for an hour, once its gate is open."""

    now: int = 1_000_000
    life: int = HOUR
    count: int = 0
    error: PangolinError | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def __call__(self) -> Vended:
        self.begun.set()
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        self.count += 1
        return Vended({"number": str(self.count)}, self.now + self.life)

    def cache(self, **more: object) -> CredentialCache:
        """Make a cache on the same clock; refreshing begins at half of the life exactly."""
        given = {"clock": lambda: self.now, "spread": lambda: 0.5, **more}
        return CredentialCache(**given)  # type: ignore[arg-type]


def number(cache: CredentialCache, mint: Callable[[], Vended], key: str = "k") -> str:
    """Get a credential; tell which one it is."""
    return cache.get(key, mint).vended.config["number"]


def settled() -> None:
    """Wait for refreshes in the background."""
    for thread in threading.enumerate():
        if thread.name == "credential-refresh":
            thread.join(10)


def test_what_is_fresh_is_not_minted_again() -> None:
    mint = Mint()
    cache = mint.cache()
    assert number(cache, mint) == "1"
    mint.now += 29 * MINUTE
    assert number(cache, mint) == "1"
    assert number(cache, mint, "other") == "2"


def test_past_half_of_its_life_the_old_one_is_served_while_one_is_minted() -> None:
    mint = Mint()
    cache = mint.cache()
    number(cache, mint)
    mint.now += 31 * MINUTE
    mint.gate.clear()
    assert [number(cache, mint) for _ in range(5)] == ["1"] * 5
    mint.gate.set()
    settled()
    assert number(cache, mint) == "2"
    assert mint.count == 2


def test_a_refresh_that_fails_leaves_the_old_one_and_is_not_tried_at_once() -> None:
    mint = Mint()
    cache = mint.cache()
    number(cache, mint)
    mint.now += 31 * MINUTE
    mint.error = Unavailable("away")
    assert number(cache, mint) == "1"
    settled()
    mint.error = None
    assert number(cache, mint) == "1"
    settled()
    assert mint.count == 1
    mint.now += MINUTE
    number(cache, mint)
    settled()
    assert number(cache, mint) == "2"


@pytest.mark.parametrize(("life", "left"), [(HOUR, 15), (1800_000, 10), (12 * HOUR, 180)])
def test_what_has_little_life_left_is_not_served(life: int, left: int) -> None:
    mint = Mint(life=life)
    cache = mint.cache()
    number(cache, mint)
    mint.now += life - left * MINUTE
    assert number(cache, mint) == "2"


def test_what_is_minted_with_little_life_is_refused() -> None:
    mint = Mint(life=10 * MINUTE)
    with pytest.raises(Unavailable, match="expires too soon"):
        number(mint.cache(), mint)


def test_many_who_want_what_is_not_there_cost_one_mint() -> None:
    mint = Mint()
    cache = mint.cache()
    mint.gate.clear()
    with ThreadPoolExecutor(32) as pool:
        found = [pool.submit(number, cache, mint) for _ in range(32)]
        assert mint.begun.wait(10)
        mint.gate.set()
        assert {each.result() for each in found} == {"1"}
    assert mint.count == 1


def test_who_waits_shares_the_failure() -> None:
    mint = Mint(error=Unavailable("away", retry_after=7))
    cache = mint.cache()
    mint.gate.clear()
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(number, cache, mint) for _ in range(4)]
        assert mint.begun.wait(10)
        mint.gate.set()
        assert all(isinstance(each.exception(), Unavailable) for each in found)


def test_what_may_pass_is_tried_again_at_once() -> None:
    mint = Mint(error=Unavailable("away"))
    cache = mint.cache()
    with pytest.raises(Unavailable):
        number(cache, mint)
    mint.error = None
    assert number(cache, mint) == "1"


def test_a_refusal_is_remembered_for_five_seconds() -> None:
    mint = Mint(error=Forbidden("no", details={"why": "so"}))
    cache = mint.cache()
    with pytest.raises(Forbidden):
        number(cache, mint)
    mint.error = None
    mint.now += 4_999
    with pytest.raises(Forbidden, match="no") as refused:
        number(cache, mint)
    assert refused.value.details == {"why": "so"}
    mint.now += 1
    assert number(cache, mint) == "1"


def test_nobody_waits_for_ever() -> None:
    mint = Mint()
    cache = mint.cache(wait_s=0.05)
    mint.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(number, cache, mint)
        assert mint.begun.wait(10)
        with pytest.raises(Unavailable, match="takes too long") as refused:
            number(cache, mint)
        assert refused.value.headers["Retry-After"]
        mint.gate.set()
        assert leader.result() == "1"


def test_the_least_recently_used_is_forgotten() -> None:
    mint = Mint()
    cache = mint.cache(most=2)
    for key in ("a", "b", "a", "c"):
        number(cache, mint, key)
    assert mint.count == 3
    number(cache, mint, "a")
    assert mint.count == 3
    number(cache, mint, "b")
    assert mint.count == 4


def test_a_forked_process_starts_with_nothing() -> None:
    mint, parts = Mint(), Parts()
    number(parts.get("cache", mint.cache), mint)
    assert number(parts.get("cache", mint.cache), mint) == "1"
    assert holds_in_child(lambda: number(parts.get("cache", mint.cache), mint) == "2")


def test_no_thread_is_started_before_it_is_needed() -> None:
    before = threading.active_count()
    mint = Mint()
    number(mint.cache(), mint)
    assert threading.active_count() == before
