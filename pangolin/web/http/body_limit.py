"""Refuse a request body above the limit, also one whose length is not told beforehand."""

from typing import IO

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

PIECE = 64 * 1024


class BoundedInput:
    """A body sent in chunks; raises 413 on the first byte beyond the limit.

    Werkzeug's own stream stops at the limit instead, and a body cut short could pass for a whole.
    """

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or all of them."""
        if size >= 0:
            return self._piece(size)
        return b"".join(iter(lambda: self._piece(PIECE), b""))

    def _piece(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise too_large(self._limit)
        return data


def bound(request: Request) -> None:
    """Hold a request to the application's limit; raises 413."""
    limit = request.max_content_length
    if limit is None:
        return
    if request.content_length is not None:
        if request.content_length > limit:
            raise too_large(limit)
    elif "wsgi.input_terminated" in request.environ:
        request.environ["wsgi.input"] = BoundedInput(request.environ["wsgi.input"], limit)
        # One more than the limit, so that ours is met before Werkzeug's.
        request.max_content_length = limit + 1


def too_large(limit: int) -> RequestEntityTooLarge:
    """Build the error."""
    return RequestEntityTooLarge(f"the body is larger than {limit} bytes")
