"""Limits on signing in: counted in the store, before the secret is checked."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from pangolin.default_plugins.memory_store import MemoryStore
from pangolin.errors import TooManyRequests, Unavailable
from pangolin.services.authn import rate_limits
from pangolin.services.context.runtime import Runtime
from pangolin.store import kinds
from pangolin.store.api import Change
from pangolin.store.kinds import LIMIT
from tests.counting import CountingStore

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.9"
MINUTE, START = 60_000, 1_700_000_040_000
Made = Callable[..., Runtime]


class Clock:
    """A clock that a test moves; it starts at the beginning of a minute."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(runtime: Runtime, clock: Clock) -> Made:
    """Return the parts of a server with the settings that a test names."""

    def made(**given: Any) -> Runtime:
        return replace(runtime, clock=clock, settings=replace(runtime.settings, **given))

    return made


def take(runtime: Runtime, address: str | None = HERE, account: str | None = None) -> int:
    """Attempt once; return the seconds to wait, 0 if the attempt may go on."""
    try:
        rate_limits.take(runtime, "login", address, account)
    except TooManyRequests as refused:
        assert refused.status == 429
        return int(refused.headers["Retry-After"])
    return 0


def fail(runtime: Runtime, times: int, address: str = HERE, account: str | None = None) -> None:
    for _ in range(times):
        rate_limits.failed(runtime, "login", address, account)


def test_an_address_has_its_budget_for_a_minute(limited: Made, clock: Clock) -> None:
    runtime = limited(rate_limit=3)
    clock.now += 20_000
    assert [take(runtime) for _ in range(4)] == [0, 0, 0, 40]
    assert take(runtime, ELSEWHERE) == 0
    clock.now = START + MINUTE - 1
    assert take(runtime) == 1
    clock.now += 1
    assert take(runtime) == 0


def test_an_account_has_a_fifth_of_it_from_all_addresses(limited: Made) -> None:
    runtime = limited(rate_limit=10)
    assert take(runtime, HERE, "ann") == take(runtime, ELSEWHERE, "ann") == 0
    assert take(runtime, "192.0.2.77", "ann") == 60
    assert take(runtime, "192.0.2.77", "bob") == 0


def test_one_attempt_is_always_possible(limited: Made) -> None:
    runtime = limited(rate_limit=1)
    assert [take(runtime, HERE, "ann"), take(runtime, HERE, "ann")] == [0, 60]


def test_a_success_does_not_count_against_the_address(limited: Made) -> None:
    runtime = limited(rate_limit=5)
    for at in range(20):
        assert take(runtime, HERE, f"user {at}") == 0
        rate_limits.succeeded(runtime, "login", HERE, f"user {at}")


def test_what_is_signed_in_to_is_counted_apart(limited: Made) -> None:
    runtime = limited(rate_limit=1)
    rate_limits.take(runtime, "oauth", HERE)
    assert take(runtime) == 0


def test_an_account_is_locked_longer_with_each_failure(limited: Made, clock: Clock) -> None:
    runtime, waits = limited(login_tries=3, rate_limit=10_000), []
    fail(runtime, 2, account="ann")
    assert take(runtime, HERE, "ann") == 0
    for _ in range(13):
        fail(runtime, 1, account="ann")
        waits.append(take(runtime, ELSEWHERE, "ann"))
        clock.now += waits[-1] * 1000
        assert take(runtime, HERE, "ann") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_success_forgets_the_failures(limited: Made, clock: Clock) -> None:
    runtime = limited(login_tries=3)
    fail(runtime, 2, account="ann")
    rate_limits.succeeded(runtime, "login", HERE, "ann")
    fail(runtime, 2, account="ann")
    assert take(runtime, HERE, "ann") == 0


def test_waiting_an_hour_does_not_forget_them(limited: Made, clock: Clock) -> None:
    runtime = limited(login_tries=3)
    fail(runtime, 2, account="ann")
    clock.now += 60 * MINUTE
    fail(runtime, 1, account="ann")
    assert take(runtime, HERE, "ann") == 1


def test_an_account_may_be_unlocked(limited: Made) -> None:
    runtime = limited(login_tries=1)
    fail(runtime, 5, account="ann")
    rate_limits.unlock(runtime, "login", "ann")
    assert take(runtime, HERE, "ann") == 0


def test_an_address_is_locked_after_ten_times_as_many(limited: Made, clock: Clock) -> None:
    runtime = limited(login_tries=2)
    for at in range(19):
        fail(runtime, 1, account=f"user {at}")
    assert take(runtime, HERE, "ann") == 0
    fail(runtime, 2, account="one more")
    assert take(runtime, HERE, "ann") == 2
    assert take(runtime, ELSEWHERE, "ann") == 0


def test_an_address_is_forgiven_a_failure_a_minute(limited: Made, clock: Clock) -> None:
    runtime = limited(login_tries=2)
    fail(runtime, 18)
    clock.now += 10 * MINUTE
    fail(runtime, 11)
    assert take(runtime) == 0
    fail(runtime, 1)
    assert take(runtime) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth1"),
        ("", None),
        ("nonsense", None),
    ],
)
def test_one_client_cannot_be_two_addresses(limited: Made, first: str, second: str | None) -> None:
    runtime = limited(rate_limit=1)
    assert take(runtime, first) == 0
    assert take(runtime, second) > 0


def test_neighbouring_networks_are_two(limited: Made) -> None:
    runtime = limited(rate_limit=1)
    assert take(runtime, "2001:db8:0:1::1") == take(runtime, "2001:db8:0:2::1") == 0


@pytest.mark.parametrize("account", ["ann", "x" * 100_000, "a\0b:login:account:", "\ud800"])
def test_no_input_lies_in_the_keys(limited: Made, account: str) -> None:
    runtime = limited()
    take(runtime, HERE, account)
    names = sorted(record.doc["name"] for record in runtime.store.scan(LIMIT))
    assert re.fullmatch("login:account:[0-9a-f]{40}", names[0])
    assert names[1] == f"login:address:{HERE}"


def test_an_attempt_is_one_read_and_one_write(limited: Made, clock: Clock) -> None:
    store = CountingStore()
    store.setup(kinds.ALL)
    runtime = replace(limited(), store=store)
    for step in (rate_limits.take, rate_limits.failed, rate_limits.take, rate_limits.succeeded):
        store.trips.clear()
        step(runtime, "login", HERE, "ann")
        assert store.trips[:2] == ["get_many", "apply"]


def test_a_refused_attempt_writes_nothing(limited: Made) -> None:
    store = CountingStore()
    store.setup(kinds.ALL)
    runtime = replace(limited(rate_limit=1), store=store)
    assert take(runtime) == 0
    store.trips.clear()
    assert take(runtime) > 0
    assert store.trips == ["get_many"]


class Away(MemoryStore):
    """A store that takes no more writes."""

    def apply(self, *changes: Change) -> None:
        raise Unavailable("the store is away")


def test_an_attempt_that_cannot_be_counted_is_refused(limited: Made) -> None:
    store = Away()
    store.setup(kinds.ALL)
    with pytest.raises(Unavailable):
        take(replace(limited(), store=store))


def test_many_at_once_do_not_slip_through(limited: Made) -> None:
    runtime = limited(rate_limit=20)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: take(runtime, HERE, None), range(60)))
    assert waits.count(0) == 20


def test_a_clock_that_is_a_little_ahead_does_not_give_a_second_budget(limited: Made) -> None:
    slow, fast = limited(rate_limit=2), limited(rate_limit=2)
    ahead = replace(fast, clock=lambda: START + MINUTE + 5)
    assert take(slow) == take(ahead) == take(slow) == 0
    assert take(ahead) > 0
    assert take(slow) > 0


def test_expired_counters_are_removed_on_the_way(limited: Made, clock: Clock) -> None:
    runtime = limited(rate_limit=10_000)
    for at in range(30):
        take(runtime, f"192.0.2.{at}")
    clock.now += 2 * MINUTE
    for _ in range(1000):
        take(runtime, ELSEWHERE)
    assert runtime.store.count(LIMIT) == 1


def test_a_counter_that_still_counts_is_kept(limited: Made, clock: Clock) -> None:
    runtime = limited(login_tries=1, rate_limit=10_000)
    fail(runtime, 12, account="ann")
    clock.now += 10 * MINUTE
    for _ in range(1000):
        take(runtime, ELSEWHERE)
    assert take(runtime, HERE, "ann") > 0
