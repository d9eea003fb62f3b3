"""What can be allowed, and what each action brings with it."""

from collections.abc import Iterable
from typing import Final

from pangolin.errors import BadRequest

ALL: Final = "all"
MANAGE_GRANTS: Final = "manage-grants"
ACTIONS: Final = (
    "read",
    "write",
    "create",
    "update",
    "delete",
    "list",
    ALL,
    "ingest-branching",
    "experimental-branching",
    "manage-discovery",
    MANAGE_GRANTS,
)
IMPLIED: Final = {
    ALL: frozenset(ACTIONS),
    "write": frozenset({"read", "update", "delete", "create", "list"}),
    "read": frozenset({"list"}),
}


def closure(actions: Iterable[str]) -> frozenset[str]:
    """Give the actions and all that they imply."""
    given = frozenset(actions)
    return given.union(*(IMPLIED.get(action, frozenset()) for action in given))


def check(actions: Iterable[str], field: str = "actions") -> list[str]:
    """Give actions each once and in order; raise `BadRequest` for none or an unknown one."""
    given = set(actions)
    unknown = sorted(given.difference(ACTIONS))
    if unknown or not given:
        said = f"not {unknown[0][:80]!r}" if unknown else "at least one"
        raise BadRequest(f"{field} must be of {', '.join(ACTIONS)}; {said}")
    return [action for action in ACTIONS if action in given]
