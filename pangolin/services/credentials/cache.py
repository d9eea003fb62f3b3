"""A cache of minted credentials, by what they open: requested often, minted seldom.

Access is decided before, on every request. A credential past half its life is minted again in the
background while the old one is served; one that expires soon is never served. When many callers
need a missing credential, one mints it and the others wait. Each process has its own cache; nothing
is started before it is needed, so that a fork carries nothing over.
"""

import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pangolin.errors import Forbidden, Unavailable
from pangolin.interfaces.credential_vending import Vended
from pangolin.services.context import metrics
from pangolin.services.context.runtime import Part
from pangolin.services.context.times import epoch_ms

log = logging.getLogger(__name__)
Mint = Callable[[], Vended]

MOST: Final = 4096
# Java refreshes five minutes before expiry, and loops if a credential expires within them.
FLOOR_MS: Final = 600_000
FLOOR_SHARE: Final = 0.25
DENIED_MS: Final = 5_000
AGAIN_MS: Final = 30_000
WAIT_S: Final = 30.0
REFRESHERS: Final = 4


@dataclass(slots=True)
class Minted:
    """A credential and, in epoch milliseconds, when it was minted and when to mint it again."""

    vended: Vended
    minted_ms: int
    refresh_ms: int

    @property
    def half_ms(self) -> int:
        """The time when half of its life is over."""
        return (self.minted_ms + self.vended.expires_at_ms) // 2

    def is_usable(self, now_ms: int) -> bool:
        """Return whether enough of its life is left to hand it out."""
        life = self.vended.expires_at_ms - self.minted_ms
        return self.vended.expires_at_ms - now_ms > max(FLOOR_MS, FLOOR_SHARE * life)


@dataclass(slots=True)
class _PendingMint:
    """A mint in progress; the callers that wait for it share its result."""

    done: threading.Event = field(default_factory=threading.Event)
    minted: Minted | None = None
    error: BaseException | None = None


@dataclass(slots=True)
class _State:
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: "OrderedDict[str, Minted]" = field(default_factory=OrderedDict)
    denied: "OrderedDict[str, tuple[int, Forbidden]]" = field(default_factory=OrderedDict)
    pending: dict[str, _PendingMint] = field(default_factory=dict)
    refreshing: int = 0


class CredentialCache:
    """A bounded cache of credentials, shared by the threads of one process."""

    def __init__(
        self,
        *,
        most: int = MOST,
        wait_s: float = WAIT_S,
        # Vendors state by the system clock when a credential expires.
        clock: Callable[[], int] = epoch_ms,
        spread: Callable[[], float] = lambda: random.uniform(0.45, 0.55),  # noqa: S311
    ) -> None:
        self._most = most
        self._wait_s = wait_s
        self._clock = clock
        self._spread = spread
        self._state = _State()

    def now(self) -> int:
        """Read the clock by which credentials expire."""
        return self._clock()

    def get(self, key: str, mint: Mint) -> Minted:
        """Return the credential of a key, minting it if necessary.

        Raises what `mint` raises, in all callers that wait for it; a refusal is cached briefly.
        Raises `Unavailable` if another caller's mint takes too long.
        """
        state = self._state
        with state.lock:
            now, kept = self._clock(), state.kept.get(key)
            if kept is not None and kept.is_usable(now):
                state.kept.move_to_end(key)
                ahead = self._refresh_ahead(state, key, kept, now)
            else:
                self._raise_denied(state, key, now)
                pending, leads = _join(state, key)
                kept = None
        if kept is None:
            return self._mint_once(state, key, pending, mint) if leads else self._follow(pending)
        metrics.credential("hit")
        if ahead is not None:
            self._start(state, key, ahead, mint)
        return kept

    def _refresh_ahead(
        self, state: _State, key: str, kept: Minted, now_ms: int
    ) -> "_PendingMint | None":
        if now_ms < kept.refresh_ms or key in state.pending or state.refreshing >= REFRESHERS:
            return None
        # If it fails, the next try comes only after a pause.
        kept.refresh_ms = now_ms + AGAIN_MS
        state.refreshing += 1
        return _join(state, key)[0]

    def _start(self, state: _State, key: str, pending: _PendingMint, mint: Mint) -> None:
        def refresh() -> None:
            try:
                self._mint_once(state, key, pending, mint)
                metrics.credential("refreshed")
            except Exception as error:
                # The old one is served until it expires; after that, callers get the error.
                log.warning("a credential could not be refreshed: %s", type(error).__name__)
            finally:
                with state.lock:
                    state.refreshing -= 1

        try:
            threading.Thread(target=refresh, name="credential-refresh", daemon=True).start()
        except RuntimeError:
            _publish(state, key, pending, error=Unavailable("no thread could be started"))
            with state.lock:
                state.refreshing -= 1

    def _mint_once(self, state: _State, key: str, pending: _PendingMint, mint: Mint) -> Minted:
        try:
            minted = self._minted(mint)
        except BaseException as error:
            self._count(state, key, error)
            _publish(state, key, pending, error=error)
            raise
        metrics.credential("minted")
        self._keep(state, key, minted)
        _publish(state, key, pending, minted=minted)
        return minted

    def _minted(self, mint: Mint) -> Minted:
        now = self._clock()
        vended = mint()
        life = vended.expires_at_ms - now
        minted = Minted(vended, now, now + int(life * self._spread()))
        if not minted.is_usable(self._clock()):
            raise Unavailable("the minted credential expires too soon to be usable")
        return minted

    def _keep(self, state: _State, key: str, minted: Minted) -> None:
        with state.lock:
            state.denied.pop(key, None)
            state.kept[key] = minted
            state.kept.move_to_end(key)
            while len(state.kept) > self._most:
                state.kept.popitem(last=False)

    def _count(self, state: _State, key: str, error: BaseException) -> None:
        denied = isinstance(error, Forbidden)
        metrics.credential("denied" if denied else "failed")
        if isinstance(error, Forbidden):
            with state.lock:
                state.denied[key] = (self._clock() + DENIED_MS, error)
                while len(state.denied) > self._most:
                    state.denied.popitem(last=False)

    def _raise_denied(self, state: _State, key: str, now_ms: int) -> None:
        until, error = state.denied.get(key, (0, None))
        if error is not None and now_ms < until:
            metrics.credential("denied")
            raise _again(error)

    def _follow(self, pending: _PendingMint) -> Minted:
        if not pending.done.wait(self._wait_s):
            metrics.credential("timed_out")
            raise Unavailable("minting the credential takes too long; try again", retry_after=5)
        if pending.minted is None:
            raise _again(pending.error)
        metrics.credential("coalesced")
        return pending.minted


def _join(state: _State, key: str) -> tuple[_PendingMint, bool]:
    """Return the mint in progress or a new one, and whether the caller has to do it."""
    pending = state.pending.get(key)
    if pending is not None:
        return pending, False
    state.pending[key] = pending = _PendingMint()
    return pending, True


def _publish(
    state: _State,
    key: str,
    pending: _PendingMint,
    *,
    minted: Minted | None = None,
    error: BaseException | None = None,
) -> None:
    pending.minted, pending.error = minted, error
    with state.lock:
        state.pending.pop(key, None)
    pending.done.set()


def _again(error: BaseException | None) -> BaseException:
    """Return an error that another thread raised, for this one to raise."""
    if isinstance(error, Forbidden):
        return Forbidden(error.message, details=error.details, headers=error.headers)
    if error is None or not isinstance(error, Exception):
        return Unavailable("the credential was not minted: the server is stopping")
    return error


CREDENTIALS: Final = Part(lambda runtime: CredentialCache())
