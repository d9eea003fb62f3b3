"""A warehouse's `vending_strategy`: an externally tagged union, or the word "None"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pangolin.errors import BadRequest
from pangolin.services.objects import mask

FIELD: Final = "vending_strategy"
NONE: Final = "None"
Strategy = str | dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of one strategy: required, optional, and which of them are secret."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    secret: frozenset[str] = frozenset()


SHAPES: Final[Mapping[str, Shape]] = {
    "AwsSts": Shape(("role_arn",), ("external_id",)),
    "AwsStatic": Shape(
        ("access_key_id", "secret_access_key"), secret=frozenset({"secret_access_key"})
    ),
    "AzureSas": Shape(("account_name", "account_key"), secret=frozenset({"account_key"})),
    "GcpDownscoped": Shape(
        ("service_account_email", "private_key"), secret=frozenset({"private_key"})
    ),
}


def checked(given: Any, current: Strategy | None = None) -> Strategy | None:
    """Validate a strategy; raise `BadRequest` naming the member that is wrong.

    A secret that comes back as it was shown keeps the value it has in `current`.
    """
    if given is None or given == NONE:
        return NONE if given else None
    tag, members = _split(given)
    shape = SHAPES[tag]
    kept = current.get(tag, {}) if isinstance(current, dict) else {}
    return {
        tag: {
            name: _value(f"{FIELD}.{tag}.{name}", value, kept.get(name), name in shape.secret)
            for name, value in members.items()
            if value is not None
        }
    }


def masked(strategy: Strategy | None) -> Strategy | None:
    """Hide the secrets of a strategy."""
    if not isinstance(strategy, dict):
        return strategy
    return {
        tag: {k: mask(v) if k in SHAPES[tag].secret else v for k, v in members.items()}
        for tag, members in strategy.items()
    }


def _split(given: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(given, dict) or len(given) != 1 or next(iter(given)) not in SHAPES:
        raise BadRequest(f'{FIELD} must be "None" or an object of one of {", ".join(SHAPES)}')
    tag, members = next(iter(given.items()))
    if not isinstance(members, dict):
        raise BadRequest(f"{FIELD}.{tag} must be an object")
    shape = SHAPES[tag]
    for name in members:
        if name not in (*shape.required, *shape.optional):
            raise BadRequest(f"{FIELD}.{tag}.{name} is unknown")
    for name in shape.required:
        if not members.get(name):
            raise BadRequest(f"{FIELD}.{tag}.{name} is required")
    return tag, members


def _value(field: str, value: Any, kept: str | None, secret: bool) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{field} must be text")
    if not secret or not value.startswith("***"):
        return value
    if kept is None or value != mask(kept):
        raise BadRequest(f"{field} is masked; give the secret itself")
    return kept
