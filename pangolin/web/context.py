"""The caller and the tenant of a request; the only code that reads the Authorization header."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Request, current_app, g, request

from pangolin.errors import BadRequest, Forbidden, NoSuchTenant, PangolinError, Unauthorized
from pangolin.interfaces.authentication import ROOT, AuthRequest, Principal
from pangolin.registry import Registry
from pangolin.services.authn import principals
from pangolin.services.context import metrics
from pangolin.services.context.context import ClientInfo, Context, Idempotency
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.well_known import DEFAULT_TENANT
from pangolin.services.login import impersonation
from pangolin.services.login.plugin_services import PluginServices
from pangolin.settings import Settings
from pangolin.store.kinds import TENANT
from pangolin.web.http.loopback import is_loopback, refuse_foreign
from pangolin.web.http.proxies import client_address
from pangolin.web.http.raw_path import RAW_PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

TENANT_HEADER = "X-Pangolin-Tenant"
# Where the fast path of a load keeps why it has refused a request's credential.
REFUSED = "pangolin.refused"
MOST_AGENT = 256
ANONYMOUS = Principal("anonymous", "anonymous", ROOT)


@dataclass(frozen=True, slots=True)
class Server:
    """What `app.extensions["pangolin"]` holds: the plugins and the parts built from them."""

    registry: Registry
    runtime: Runtime

    @property
    def services(self) -> PluginServices:
        """What authentication plugins receive."""
        return PluginServices(self.runtime)


def current_server() -> Server:
    """Return the parts of the application that handles this request."""
    server: Server = current_app.extensions["pangolin"]
    return server


def current_context() -> Context:
    """Authenticate the request and return its view of the catalog, the same for all of the request.

    Raises `Unauthorized`, `Forbidden`, `NoSuchTenant` and, for a bad Idempotency-Key, `BadRequest`.
    """
    if "context" not in g:
        # `g.scope` is the old name, for plugins written for 0.1.
        g.context = g.scope = _build(current_server())
    ctx: Context = g.context
    return ctx


def _build(server: Server) -> Context:
    principal = _authenticate(server)
    g.principal = principal.name
    wanted = request.headers.get(TENANT_HEADER)
    return build(server.runtime, principal, wanted, current_client(), _idempotency(request))


def current_client() -> ClientInfo:
    """Return where the request comes from; found out once."""
    if "client" not in g:
        g.client = client_of(request.environ, current_server().runtime.settings, g.request_id)
    client: ClientInfo = g.client
    return client


def client_of(environ: "WSGIEnvironment", settings: Settings, request_id: str) -> ClientInfo:
    """Return the client of a request, looking behind trusted proxies."""
    address = client_address(
        environ.get("REMOTE_ADDR"), environ.get("HTTP_X_FORWARDED_FOR"), settings.trusted_proxies
    )
    agent = environ.get("HTTP_USER_AGENT", "")[:MOST_AGENT]
    return ClientInfo(address or "", agent, request_id)


def build(
    runtime: Runtime,
    principal: Principal,
    wanted_tenant: str | None,
    client: ClientInfo,
    idempotency: Idempotency | None = None,
) -> Context:
    """Return a principal's view of the catalog; raises `Forbidden` and `NoSuchTenant`."""
    ctx = Context(
        principal=principal,
        tenant=_tenant(runtime, principal, wanted_tenant),
        runtime=runtime,
        deadline_ms=runtime.clock() + int(runtime.settings.request_timeout * 1000),
        idempotency=idempotency,
        revalidation=principal.revalidation,
        client=client,
    )
    if wanted_tenant is not None and principal.role == ROOT:
        impersonation.note(ctx)
    return ctx


def current_authorization() -> str | None:
    """Return the Authorization header, for the one endpoint that it does not authenticate."""
    return request.headers.get("Authorization")


def principal_of_bearer(token: str) -> Principal:
    """Return the principal of a bearer token that was sent in a body; raises `Unauthorized`."""
    server = current_server()
    principal = _verify(server, _credential(f"Bearer {token}", None))
    if principal.revalidation is not None:
        principal.revalidation.confirm_with(server.runtime.store)
    return principal


def _credential(authorization: str | None, api_key: str | None) -> AuthRequest:
    client = current_client()
    return AuthRequest(
        authorization=authorization,
        api_key=api_key,
        remote_address=client.address,
        loopback=is_loopback(request.remote_addr),
        agent=client.agent,
        request_id=g.request_id,
    )


def _authenticate(server: Server) -> Principal:
    credential = _credential(current_authorization(), request.headers.get("X-API-Key"))
    if server.runtime.settings.no_auth:
        refuse_foreign(request)
    if credential.authorization is None and credential.api_key is None:
        if server.runtime.settings.no_auth:
            return ANONYMOUS
        raise Unauthorized("this endpoint needs a bearer token or HTTP Basic credentials")
    return _verify(server, credential)


def _verify(server: Server, credential: AuthRequest) -> Principal:
    try:
        if REFUSED in request.environ:
            raise request.environ[REFUSED]
        services = PluginServices(server.runtime, current_client())
        principal = server.registry.authenticate(credential, services)
        if principal is None:
            raise Unauthorized("no installed plugin accepts this credential")
    except PangolinError as error:
        if error.status == Unauthorized.status:
            metrics.authenticated("failure")
        raise
    metrics.authenticated("success")
    return principal


def _tenant(runtime: Runtime, principal: Principal, wanted: str | None) -> str:
    if principal.role != ROOT:
        return _own_tenant(runtime, principal, wanted)
    return DEFAULT_TENANT if wanted is None else find_tenant(runtime, wanted)


def _own_tenant(runtime: Runtime, principal: Principal, wanted: str | None) -> str:
    own = principal.tenant
    if own is None:
        raise Forbidden(f"{principal.name} belongs to no tenant")
    if wanted is None or wanted.lower() == own:
        return own
    record = runtime.store.get(TENANT, (own,))
    if record is None or record.doc["name"] != wanted:
        raise Forbidden(f"{principal.name} may not act in another tenant ({TENANT_HEADER})")
    return own


def find_tenant(runtime: Runtime, wanted: str) -> str:
    """Find a tenant's id by its id or its name; raise `NoSuchTenant`."""
    home = principals.find_home(runtime, wanted)
    if home is None:
        raise NoSuchTenant(f"Tenant does not exist: {wanted}")
    return home


def _idempotency(asked: Request) -> Idempotency | None:
    token = asked.headers.get("Idempotency-Key")
    if token is None:
        return None
    try:
        if len(token) != 36:
            raise ValueError
        key = str(uuid.UUID(token))
    except ValueError:
        raise BadRequest(
            "Idempotency-Key must be a UUID of 36 characters, ideally a UUIDv7"
        ) from None
    digest = hashlib.sha256()
    for part in (asked.method.encode(), asked.environ[RAW_PATH].encode(), asked.query_string):
        digest.update(part + b"\n")
    digest.update(asked.get_data(cache=True))
    return Idempotency(key, digest.hexdigest())
