"""What an action is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about: its type, and its path from the catalog down (names)."""

    type: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.type} {'.'.join(self.path)}".rstrip()
