"""Idempotency-Key: a repeated request is done once and gets the same answer (Iceberg REST 1.11).

The record of a success is part of the batch that makes the change (see `batch`). Definite client
errors are recorded too; server errors and authentication failures are not.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pangolin import errors
from pangolin.errors import PangolinError, Unprocessable
from pangolin.services.changes.batch import idempotency_record
from pangolin.services.context.context import Context
from pangolin.store.api import ABSENT, Conflict, Delete, Put
from pangolin.store.documents import IdempotencyDoc
from pangolin.store.kinds import IDEMPOTENCY

T = TypeVar("T")
REMEMBERED = frozenset({400, 404, 406, 409, 422})


class Replay(PangolinError):
    """A recorded error, answered again unchanged."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.status = error["status"]  # type: ignore[misc]
        self.type = error["type"]  # type: ignore[misc]


def once(ctx: Context, work: Callable[[], T], replay: Callable[[Any], T]) -> T:
    """Call `work`, or `replay` with the outcome of the first request with this key.

    Raises `Unprocessable` if the key was used with another request.
    """
    if ctx.idempotency is None:
        return work()
    first = _first(ctx)
    if first is not None:
        return _again(first, replay)
    try:
        return work()
    except PangolinError as error:
        # A request with the same key may have won on another worker: use its outcome.
        first = _first(ctx)
        if first is not None:
            return _again(first, replay)
        _remember_error(ctx, error)
        raise


def _first(ctx: Context) -> IdempotencyDoc | None:
    assert ctx.idempotency is not None  # noqa: S101 - asked only with a key
    key = (ctx.principal.id, ctx.idempotency.token)
    record = ctx.store.get(IDEMPOTENCY, key)
    if record is None:
        return None
    if record.doc["expires_at_ms"] <= ctx.now():
        ctx.store.apply(Delete(IDEMPOTENCY, key))
        return None
    if record.doc["digest"] != ctx.idempotency.digest:
        raise Unprocessable("Idempotency-Key was used before with another request")
    return record.doc


def _again(first: IdempotencyDoc, replay: Callable[[Any], T]) -> T:
    if "error" in first:
        raise Replay(first["error"])
    return replay(first["outcome"])


def _remember_error(ctx: Context, error: PangolinError) -> None:
    if error.status not in REMEMBERED or isinstance(error, errors.Unavailable):
        return
    result = {"status": error.status, "type": error.type, "message": error.message}
    try:
        record = idempotency_record(ctx, {"error": result})
        ctx.store.apply(Put(IDEMPOTENCY, record, ABSENT))
    except Conflict:
        return
