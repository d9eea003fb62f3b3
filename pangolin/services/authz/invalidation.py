"""Invalidating security stamps when an asset is renamed."""

from pangolin.services.authn import security_stamps
from pangolin.services.context.context import Context
from pangolin.store.api import Change
from pangolin.store.kinds import ASSET_NOTE, GRANT


def renamed(ctx: Context, asset: str) -> list[Change]:
    """List the changes that make holders of grants on a renamed asset reload their rights."""
    add = ctx.store.get(ASSET_NOTE, (asset,))
    tagged = add is not None and add.doc["tags"]
    if tagged or ctx.store.find(GRANT, "asset", (asset,)) is not None:
        return [*security_stamps.invalidate_all(ctx.tenant)]
    return []
