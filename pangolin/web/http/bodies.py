"""Request bodies: refused above the limit, whether or not the length is told, and read as JSON."""

from typing import IO, Any, Final

import orjson
from flask import Request
from webargs.core import is_json
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from pangolin.errors import BadRequest

PIECE = 64 * 1024
MISSING: Final = "the body is missing; it must be JSON"


class BoundedInput:
    """A body sent in chunks; raises 413 on the first byte beyond the limit.

    Werkzeug's own stream stops at the limit instead, and a truncated body could pass for a whole.
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
        # One more than the limit, so that ours applies before Werkzeug's.
        request.max_content_length = limit + 1


def too_large(limit: int) -> RequestEntityTooLarge:
    """Build the error."""
    return RequestEntityTooLarge(f"the body is larger than {limit} bytes")


def read_json(request: Request) -> Any:
    """Decode a body of JSON; raise 415 for another media type or coding, else `BadRequest`."""
    data = request.get_data(cache=True)
    if not data:
        raise BadRequest(MISSING)
    if not is_json(request.mimetype):
        kind = request.mimetype or "untyped"
        raise UnsupportedMediaType(f"the body must be application/json, not {kind}")
    coding = request.headers.get("Content-Encoding", "").strip()
    if coding.lower() not in ("", "identity"):
        raise UnsupportedMediaType(f"the body must not have the Content-Encoding {coding[:80]!r}")
    try:
        # orjson refuses what is nested too deep, where the standard parser runs out of stack.
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadRequest(_undecodable(data, error)) from None


def _undecodable(data: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        return f"the body is not UTF-8: {wrong.reason} at byte {wrong.start}"
    return f"the body is not valid JSON: {error}"
