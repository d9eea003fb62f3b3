"""The tenant that a request's body names, where it may name one."""

from dataclasses import replace

from pangolin.errors import NoSuchTenant
from pangolin.interfaces.authentication import ROOT
from pangolin.services.authn import principals
from pangolin.services.authz.access import denial
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource


def within(ctx: Context, named: str | None) -> Context:
    """Return the context of the tenant with an id or name, or of the request's own for None.

    Only root may name another one. The result is or contains a secret, so no Idempotency-Key caches
    it. Raises `Denied`, and for root `NoSuchTenant`.
    """
    ctx = replace(ctx, idempotency=None)
    if named is None or named.lower() == ctx.tenant:
        return ctx
    home = principals.find_home(ctx.runtime, named)
    if ctx.principal.role != ROOT and home != ctx.tenant:
        # The refusal is the same whether the tenant exists or not.
        raise denial(ctx, "use", Resource("tenant", (named,)))
    if home is None:
        raise NoSuchTenant(f"Tenant does not exist: {named}")
    return replace(ctx, tenant=home)
