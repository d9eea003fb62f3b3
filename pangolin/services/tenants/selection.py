"""Which tenant a request's body names, where it may name one."""

from dataclasses import replace

from pangolin.errors import NoSuchTenant
from pangolin.interfaces.authentication import ROOT
from pangolin.services.authn import principals
from pangolin.services.authz.access import denial
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource


def within(ctx: Context, named: str | None) -> Context:
    """Give the view of the tenant that is named by id or name, or of the request's for None.

    Only root may name another one. What is made there is a secret or made with one, and is not
    remembered by an Idempotency-Key. Raises `Denied`, and for root `NoSuchTenant`.
    """
    ctx = replace(ctx, idempotency=None)
    if named is None or named.lower() == ctx.tenant:
        return ctx
    home = principals.find_home(ctx.runtime, named)
    if ctx.principal.role != ROOT and home != ctx.tenant:
        # Refused alike whether there is such a tenant or not.
        raise denial(ctx, "use", Resource("tenant", (named,)))
    if home is None:
        raise NoSuchTenant(f"Tenant does not exist: {named}")
    return replace(ctx, tenant=home)
