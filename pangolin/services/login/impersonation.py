"""Root in somebody else's tenant: recorded there, once in a while and not for each request."""

from pangolin.services.audit import trail
from pangolin.services.context.resource import Resource
from pangolin.services.context.scope import Scope

# Changes are recorded one by one anyway; this tells that root looked around.
AGAIN_MS = 300_000


def note(scope: Scope) -> None:
    """Record that root has named a tenant, unless this process did so a short while ago."""
    runtime, now = scope.runtime, scope.now()
    name = f"impersonated:{scope.principal.id}:{scope.principal.token}:{scope.tenant}"
    last = runtime.recent.get(name)
    if last is not None and now - last < AGAIN_MS:
        return
    scope.settle()
    trail.note(scope, "tenant_impersonation", Resource("tenant", (scope.tenant,)))
    runtime.recent.put(name, now)
