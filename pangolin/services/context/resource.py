"""What an action is about."""

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
    """What an action is about: its type, and its path from the catalog down (names)."""

    type: ResourceType
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.type} {'.'.join(self.path)}".rstrip()
