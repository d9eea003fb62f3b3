"""The single entry point of changing requests: idempotent, and retried after a lost race."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

from pangolin.services.changes.idempotency import once
from pangolin.services.changes.retries import retry_conflicts
from pangolin.services.context.context import Context

T = TypeVar("T")


@overload
def write(ctx: Context, what: str, attempt: Callable[[], None]) -> None: ...
@overload
def write(ctx: Context, what: str, attempt: Callable[[], T], replay: Callable[[Any], T]) -> T: ...
def write(
    ctx: Context,
    what: str,
    attempt: Callable[[], Any],
    replay: Callable[[Any], Any] = lambda outcome: None,
) -> Any:
    """Call `attempt`, and again after each lost race; a repeated request is not done again.

    `what` names the change in messages. `attempt` reads again on each call and ends in
    `batch.apply`; for a repeated Idempotency-Key the answer is `replay` of the outcome that the
    first request recorded. Raises `CommitFailed` when too many races were lost, `Unprocessable`
    for a key that was used with another request, and what `attempt` raises.
    """
    return once(ctx, lambda: retry_conflicts(ctx, what, attempt), replay)
