"""How boto3 reaches an endpoint that a tenant chose: through the guard for outbound calls."""

import http.client
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from pangolin.plugin import call_endpoint

if TYPE_CHECKING:
    from pangolin.plugin import Settings


class _Raw(io.BytesIO):
    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.getvalue()


class GuardedTransport:
    """A handler of botocore's event `before-send`, which sends a request in botocore's place."""

    def __init__(self, option: str, settings: "Settings", timeout: float) -> None:
        self._option = option
        self._settings = settings
        self._timeout = timeout

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        try:
            said = call_endpoint(
                request.method,
                request.url,
                option=self._option,
                settings=self._settings,
                headers={name: _text(value) for name, value in request.headers.items()},
                body=_bytes(request.body),
                timeout=self._timeout,
            )
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from None
        except (OSError, http.client.HTTPException) as error:
            raise EndpointConnectionError(endpoint_url=request.url, error=error) from None
        return AWSResponse(request.url, said.status, HeadersDict(said.headers), _Raw(said.body))


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)
