"""Information about this server and its capabilities, for its users."""

from collections.abc import Sequence
from typing import TypeVar

from pangolin.services.authz.access import require
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.settings import Settings

T = TypeVar("T")


def plugins(ctx: Context, rows: Sequence[T]) -> list[T]:
    """Return the rows of the loaded plugins to principals that may list them."""
    require(ctx, "list", Resource("plugins"))
    return list(rows)


def app_config(settings: Settings) -> dict[str, bool]:
    """Return what a console must know before anyone has logged in."""
    return {"auth_enabled": not settings.no_auth}
