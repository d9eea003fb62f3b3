"""The resources that actions are about."""

from dataclasses import dataclass
from typing import Literal

ResourceType = Literal[
    "tenant",
    "warehouse",
    "catalog",
    "namespace",
    "table",
    "view",
    "asset",
    "branch",
    "tag",
    "user",
    "service_user",
    "role",
    "permission",
    "identity-provider",
    "token",
    "api_key",
    "key",
    "settings",
    "audit",
    "installation",
    "plugins",
    "statistics",
]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of an action: its type, and its path of names from the catalog down."""

    type: ResourceType
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.type} {'.'.join(self.path)}".rstrip()
