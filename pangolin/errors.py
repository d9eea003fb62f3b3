"""Domain errors: each knows its HTTP status and its wire type (Iceberg REST spec, ErrorModel).

The same classes serve both APIs. A service raises; the web layer renders. The `type` on the wire
is the simple name the Java client maps (`NoSuchTableException`), so it is part of the protocol.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class PangolinError(Exception):
    """A failure with a status and a wire type; `headers` go out with the answer."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "InternalServerError"

    def __init__(
        self,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})


class BadRequest(PangolinError):
    """The request is malformed or breaks a rule; the message names the field."""

    status = 400
    type = "BadRequestException"


class ValidationFailed(BadRequest):
    """A metadata update breaks a rule of the table format (spec: Iceberg table spec)."""

    type = "ValidationException"


class IllegalArgument(BadRequest):
    """An argument the reference implementation calls illegal."""

    type = "IllegalArgumentException"


class Unauthorized(PangolinError):
    """No credential, or a bad one."""

    status = 401
    type = "NotAuthorizedException"

    def __init__(self, message: str, **more: Any) -> None:
        more.setdefault("headers", {"WWW-Authenticate": 'Bearer realm="pangolin", Basic'})
        super().__init__(message, **more)


class Forbidden(PangolinError):
    """The principal is known and may not do this."""

    status = 403
    type = "ForbiddenException"


class NotFound(PangolinError):
    """Something the request names does not exist."""

    status = 404
    type = "NotFoundException"


class NoSuchTenant(NotFound):
    """An unknown tenant."""

    type = "NoSuchTenantException"


class NoSuchWarehouse(NotFound):
    """An unknown warehouse (management API) or catalog name given as `warehouse` (Iceberg API)."""

    type = "NoSuchWarehouseException"


class NoSuchCatalog(NotFound):
    """An unknown catalog."""

    type = "NoSuchCatalogException"


class NoSuchRef(NotFound):
    """An unknown branch or tag."""

    type = "NoSuchRefException"


class NoSuchNamespace(NotFound):
    """An unknown namespace."""

    type = "NoSuchNamespaceException"


class NoSuchTable(NotFound):
    """An unknown table."""

    type = "NoSuchTableException"


class NoSuchView(NotFound):
    """An unknown view."""

    type = "NoSuchViewException"


class NoSuchAsset(NotFound):
    """An unknown generic asset."""

    type = "NoSuchAssetException"


class NoSuchAuditRecord(NotFound):
    """An unknown audit record."""

    type = "NoSuchAuditRecordException"


class Unsupported(PangolinError):
    """The server knows the operation and does not offer it."""

    status = 406
    type = "UnsupportedOperationException"


class Conflicting(PangolinError):
    """The state of the catalog stands in the way."""

    status = 409
    type = "ConflictException"


class AlreadyExists(Conflicting):
    """The name is taken."""

    type = "AlreadyExistsException"


class InUse(Conflicting):
    """Something below would be lost; `details` counts what is in the way."""

    type = "InUseException"


class NamespaceNotEmpty(Conflicting):
    """The namespace holds tables, views, assets or namespaces."""

    type = "NamespaceNotEmptyException"


class CommitFailed(Conflicting):
    """A requirement does not hold, or the race was lost too often: rebase and try again."""

    type = "CommitFailedException"


class UnsupportedMediaType(PangolinError):
    """The body is not of the media type the endpoint takes."""

    status = 415
    type = "UnsupportedMediaTypeException"


class Unprocessable(PangolinError):
    """The request is well formed and contradicts itself."""

    status = 422
    type = "UnprocessableEntityException"


class TooManyRequests(PangolinError):
    """Too many attempts of an address or an account; the answer says when to try again."""

    status = 429
    type = "TooManyRequestsException"

    def __init__(self, message: str, *, retry_after: int = 1, **more: Any) -> None:
        more.setdefault("headers", {"Retry-After": str(retry_after)})
        super().__init__(message, **more)


class CommitStateUnknown(PangolinError):
    """Whether the commit landed is not known; the client must look before it cleans up."""

    status = 500
    type = "CommitStateUnknownException"


class Unavailable(PangolinError):
    """A part the server needs is away; nothing was changed."""

    status = 503
    type = "ServiceUnavailableException"

    def __init__(self, message: str, *, retry_after: int = 1, **more: Any) -> None:
        more.setdefault("headers", {"Retry-After": str(retry_after)})
        super().__init__(message, **more)


class OutcomeUnknown(PangolinError):
    """A store lost its connection in the middle of a batch: it may or may not have landed."""

    status = 500
    type = "OutcomeUnknownException"


class UnknownPlugin(PangolinError):
    """No installed plugin serves this scheme or name; the message lists those that are."""

    status = 400
    type = "UnknownPluginException"
