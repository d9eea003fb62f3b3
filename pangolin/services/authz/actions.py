"""The actions that grants allow, and what each implies."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, cast, get_args

from pangolin.errors import BadRequest

Action = Literal[
    "read",
    "write",
    "create",
    "update",
    "delete",
    "list",
    "all",
    "ingest-branching",
    "experimental-branching",
    "manage-discovery",
    "manage-grants",
]
# What a refusal may name besides: roles allow these, grants do not.
Deed = Action | Literal["use", "give", "revoke the tokens of"]
ALL: Final = "all"
MANAGE_GRANTS: Final = "manage-grants"
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
IMPLIED: Final[Mapping[str, frozenset[Action]]] = {
    ALL: frozenset(ACTIONS),
    "write": frozenset({"read", "update", "delete", "create", "list"}),
    "read": frozenset({"list"}),
}


def closure(actions: Iterable[str]) -> frozenset[Action]:
    """Return the actions and all that they imply."""
    given = cast(frozenset[Action], frozenset(actions))
    return given.union(*(IMPLIED.get(action, frozenset()) for action in given))


def check(actions: Iterable[str], field: str = "actions") -> list[Action]:
    """Return actions sorted, each once; raise `BadRequest` for none or an unknown one."""
    given = set(actions)
    unknown = sorted(given.difference(ACTIONS))
    if unknown or not given:
        said = f"got {unknown[0][:80]!r}" if unknown else "got none"
        raise BadRequest(f"{field} must be one or more of {', '.join(ACTIONS)}; {said}")
    return [action for action in ACTIONS if action in given]
