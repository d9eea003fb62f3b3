"""The only connection from the vendor to Google, which tests replace."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.auth.transport import Request
from google.auth.transport.requests import Request as RequestsRequest

CONNECT_S: Final = 3.0
READ_S: Final = 5.0

# Returns a sender of one request after the other, for one thread.
Transport = Callable[[], Request]


class PatientRequest(RequestsRequest):
    """Requests that time out after seconds, not minutes, and follow no redirect."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: object = None,
        **more: Any,
    ) -> Any:
        more["allow_redirects"] = False
        limits = (CONNECT_S, READ_S)
        return super().__call__(url, method, body, headers, limits, **more)  # type: ignore[no-untyped-call]
