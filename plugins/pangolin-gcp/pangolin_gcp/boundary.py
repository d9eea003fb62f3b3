"""Credential access boundaries: which directories a token opens, as rules in Google's CEL.

Source: Google Cloud, "Credential Access Boundaries": at most ten rules, and 2,048 characters of
an expression.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pangolin.plugin import Access, BadRequest, Forbidden, Location, parse_location

MAX_RULES: Final = 10
MAX_EXPRESSION: Final = 2048
# Roles by what may be done: read, write, delete. No role of Google's deletes and does no more.
_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "r": ("objectViewer",),
    "w": ("objectCreator",),
    "rw": ("objectViewer", "objectCreator"),
    "rwd": ("objectUser",),
}
# No more than a single-quoted literal needs: engines differ in what else they unescape.
_ESCAPES: Final = {
    "\\": r"\\",
    "'": r"\'",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
}
_OR: Final = " || "


def boundary_of(access: Access, bucket: str) -> dict[str, Any]:
    """Return the boundary as the token exchange takes it.

    Raises `Forbidden` for an access to nothing or outside the bucket, `BadRequest` naming the
    directories that do not fit.
    """
    grouped = _grouped(access)
    _check_roles(grouped)
    rules = [
        _rule(bucket, privileges, expression)
        for privileges, directories in sorted(grouped.items())
        for expression in _packed([_condition(text, bucket) for text in directories], directories)
    ]
    if not rules:
        raise Forbidden("an access to nothing gets no credential")
    if len(rules) > MAX_RULES:
        raise _too_many({text for each in _sets(access).values() for text in each})
    return {"accessBoundary": {"accessBoundaryRules": rules}}


def literal(text: str) -> str:
    """Write a text as a CEL string in single quotes; raise `BadRequest` for text it cannot hold."""
    for character in text:
        if character not in _ESCAPES and (
            ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF
        ):
            raise BadRequest("a location must not contain control characters or surrogates")
    return "'" + "".join(_ESCAPES.get(character, character) for character in text) + "'"


def _sets(access: Access) -> dict[str, tuple[str, ...]]:
    return {"r": access.read, "w": access.write, "d": access.delete}


def _grouped(access: Access) -> dict[str, list[str]]:
    """Group directories by what is allowed below them."""
    grouped: dict[str, list[str]] = {}
    sets = _sets(access)
    for text in dict.fromkeys(text for each in sets.values() for text in each):
        privileges = "".join(letter for letter, each in sets.items() if text in each)
        grouped.setdefault(privileges, []).append(text)
    return grouped


def _check_roles(grouped: Mapping[str, list[str]]) -> None:
    for privileges, directories in grouped.items():
        if privileges not in _ROLES:
            raise BadRequest(
                "at Google Cloud a caller who may delete must be able to read and write as well: "
                f"{', '.join(directories)}"
            )


def _rule(bucket: str, privileges: str, expression: str) -> dict[str, Any]:
    return {
        "availableResource": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        "availablePermissions": [f"inRole:roles/storage.{role}" for role in _ROLES[privileges]],
        "availabilityCondition": {"expression": expression},
    }


def _condition(text: str, bucket: str) -> str:
    prefix = "/".join(_located(text, bucket).path) + "/"
    name = f"projects/_/buckets/{bucket}"
    # Folders exist in buckets with a hierarchical namespace.
    starts = [literal(f"{name}/{kind}/{prefix}") for kind in ("objects", "folders")]
    listed = "api.getAttribute('storage.googleapis.com/objectListPrefix', '')"
    return _OR.join(
        [f"resource.name.startsWith({start})" for start in starts]
        + [f"{listed}.startsWith({literal(prefix)})"]
    )


def _located(text: str, bucket: str) -> Location:
    found = parse_location(text)
    if (found.scheme, found.authority) != ("gs", bucket):
        raise Forbidden(f"{text} is outside of the bucket of its warehouse")
    if not found.path:
        raise BadRequest(f"{text} is a whole bucket, for which no token is issued")
    return found


def _packed(conditions: list[str], directories: Iterable[str]) -> list[str]:
    """Join as many conditions into an expression as it can hold."""
    packed: list[str] = []
    for condition in conditions:
        if len(condition) > MAX_EXPRESSION:
            raise _too_many(directories)
        if packed and len(packed[-1]) + len(_OR) + len(condition) <= MAX_EXPRESSION:
            packed[-1] += _OR + condition
        else:
            packed.append(condition)
    return packed


def _too_many(directories: Iterable[str]) -> BadRequest:
    return BadRequest(
        f"these directories do not fit into the {MAX_RULES} rules of a credential: "
        f"{', '.join(sorted(directories))}"
    )
