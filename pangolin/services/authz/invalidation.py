"""Which security stamps a renamed asset invalidates."""

from pangolin.services.authn import security_stamps
from pangolin.services.context.scope import Scope
from pangolin.store.api import Change
from pangolin.store.kinds import ASSET_NOTE, GRANT


def renamed(scope: Scope, asset: str) -> list[Change]:
    """List the changes that go with a new name of an asset: who was granted it looks anew."""
    note = scope.store.get(ASSET_NOTE, (asset,))
    tagged = note is not None and note.doc["tags"]
    if tagged or scope.store.find(GRANT, "asset", (asset,)) is not None:
        return [*security_stamps.raise_all(scope.tenant)]
    return []
