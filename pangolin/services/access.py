"""Who may do what: one question, asked by every service before it acts."""

from dataclasses import dataclass

from pangolin.errors import Forbidden
from pangolin.identity import ROOT
from pangolin.services.scope import Scope


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about: its type, and its path from the catalog down (names)."""

    type: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.type} {'.'.join(self.path)}".rstrip()


def require(scope: Scope, action: str, resource: Resource) -> None:
    """Raise `Forbidden` unless the principal may do `action` to `resource`."""
    if scope.principal.role != ROOT:
        raise Forbidden(f"{scope.principal.name} may not {action} {resource}")
