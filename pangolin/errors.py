"""Domain errors: each knows its HTTP status and its wire type (Iceberg REST spec, ErrorModel).

The same classes serve both APIs. A service raises; the web layer renders. The `type` on the wire
is the simple name the Java client maps (`NoSuchTableException`), so it is part of the protocol.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class PangolinError(Exception):
    """A failure with a status and a wire type; `headers` are sent with the answer."""

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
    """The principal is known but may not do this."""

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
    """The server knows the operation but does not support it."""

    status = 406
    type = "UnsupportedOperationException"


class Conflicting(PangolinError):
    """The state of the catalog does not allow it."""

    status = 409
    type = "ConflictException"


class AlreadyExists(Conflicting):
    """The name is taken."""

    type = "AlreadyExistsException"


class InUse(Conflicting):
    """The resource is not empty; `details` counts what it holds."""

    type = "InUseException"


class NamespaceNotEmpty(Conflicting):
    """The namespace holds tables, views, assets or namespaces."""

    type = "NamespaceNotEmptyException"


class CommitFailed(Conflicting):
    """A requirement does not hold, or a race was lost too often: rebase and try again."""

    type = "CommitFailedException"


class UnsupportedMediaType(PangolinError):
    """The body is not of the media type the endpoint takes."""

    status = 415
    type = "UnsupportedMediaTypeException"


class Unprocessable(PangolinError):
    """The request is well formed but contradicts itself."""

    status = 422
    type = "UnprocessableEntityException"


class TooManyRequests(PangolinError):
    """Too many attempts from an address or on an account; the answer says when to try again."""

    status = 429
    type = "TooManyRequestsException"

    def __init__(self, message: str, *, retry_after: int = 1, **more: Any) -> None:
        more.setdefault("headers", {"Retry-After": str(retry_after)})
        super().__init__(message, **more)


class CommitStateUnknown(PangolinError):
    """It is not known whether the commit was applied; the client must check before it cleans up."""

    status = 500
    type = "CommitStateUnknownException"


class Unavailable(PangolinError):
    """A dependency of the server is unavailable; nothing was changed."""

    status = 503
    type = "ServiceUnavailableException"

    def __init__(self, message: str, *, retry_after: int = 1, **more: Any) -> None:
        more.setdefault("headers", {"Retry-After": str(retry_after)})
        super().__init__(message, **more)


class OutcomeUnknown(PangolinError):
    """A store lost its connection during a batch, which may or may not have been applied."""

    status = 500
    type = "OutcomeUnknownException"


class UnknownPlugin(PangolinError):
    """No installed plugin serves this scheme or name; the message lists the installed ones."""

    status = 400
    type = "UnknownPluginException"
