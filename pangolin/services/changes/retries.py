"""Retrying a write after a lost race, with jittered pauses, until the request's deadline."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from pangolin.errors import CommitFailed
from pangolin.services.context import metrics
from pangolin.services.context.context import Context
from pangolin.store.api import Conflict
from pangolin.store.kinds import IDEMPOTENCY

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.25


def retry_conflicts(ctx: Context, what: str, attempt: Callable[[], T]) -> T:
    """Call `attempt` until it raises no `Conflict`; each call reads again.

    Raises `CommitFailed` when the race was lost `commit_retries` times.
    """
    for tries in range(ctx.settings.commit_retries + 1):
        try:
            return attempt()
        except Conflict as conflict:
            if conflict.change.kind is IDEMPOTENCY:
                # Another worker has already done the same request: `once` repeats its answer.
                raise CommitFailed(f"{what} was sent twice with one Idempotency-Key") from None
            metrics.commit_retried()
            ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
            time.sleep(random.uniform(0, ceiling))  # noqa: S311 - jitter, not a secret
            ctx.check_deadline()
    raise CommitFailed(f"{what} lost the race {ctx.settings.commit_retries + 1} times; try again")
