"""What this server can do and how, for its users to see."""

from collections.abc import Sequence
from typing import TypeVar

from pangolin.services.authz.access import require
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.settings import Settings

T = TypeVar("T")


def plugins(ctx: Context, rows: Sequence[T]) -> list[T]:
    """Give the rows of the loaded plugins to one who may list them."""
    require(ctx, "list", Resource("plugins"))
    return list(rows)


def app_config(settings: Settings) -> dict[str, bool]:
    """Say what a console must know before anybody has logged in."""
    return {"auth_enabled": not settings.no_auth}
