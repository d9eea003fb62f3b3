"""Which tenant a request's body names, where it may name one."""

from dataclasses import replace

from pangolin.errors import NoSuchTenant
from pangolin.interfaces.authentication import ROOT
from pangolin.services.authn import principals
from pangolin.services.authz.access import denial
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope


def within(scope: Scope, named: str | None) -> Scope:
    """Give the view of the tenant that is named by id or name, or of the request's for None.

    Only root may name another one. What is made there is a secret or made with one, and is not
    remembered by an Idempotency-Key. Raises `Denied`, and for root `NoSuchTenant`.
    """
    scope = replace(scope, idempotency=None)
    if named is None or named.lower() == scope.tenant:
        return scope
    home = principals.find_home(scope.runtime, named)
    if scope.principal.role != ROOT and home != scope.tenant:
        # Refused alike whether there is such a tenant or not.
        raise denial(scope, "use", Resource("tenant", (named,)))
    if home is None:
        raise NoSuchTenant(f"Tenant does not exist: {named}")
    return replace(scope, tenant=home)
