"""Root in somebody else's tenant: recorded there, once in a while and not for each request."""

from typing import Final

from pangolin.services.audit import trail
from pangolin.services.context.resource import Resource
from pangolin.services.context.runtime import Part
from pangolin.services.context.scope import Scope
from pangolin.store.lru import Hints

# Changes are recorded one by one anyway; this tells that root looked around.
AGAIN_MS: Final = 300_000
# When it was recorded last, by principal, token and tenant.
NOTED: Final = Part(lambda runtime: Hints[tuple[str, str | None, str], int]())


def note(scope: Scope) -> None:
    """Record that root has named a tenant, unless this process did so a short while ago."""
    runtime, now = scope.runtime, scope.now()
    noted = runtime.part(NOTED)
    name = (scope.principal.id, scope.principal.token, scope.tenant)
    last = noted.get(name)
    if last is not None and now - last < AGAIN_MS:
        return
    scope.settle()
    trail.note(scope, "tenant_impersonation", Resource("tenant", (scope.tenant,)))
    noted.put(name, now)
