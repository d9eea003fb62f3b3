"""A small evaluator of IAM policies, written from their grammar and not from our builder.

It knows what our policies use: wildcards and their escapes, StringLike on s3:prefix, and that a
deny wins. Anything else in a policy is an error, so that nothing is silently ignored.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

_TOKEN = re.compile(r"\$\{([*?$])\}|(\*)|(\?)|(.)", re.DOTALL)


class Policy:
    """A policy by its text."""

    def __init__(self, text: str) -> None:
        self._statements = json.loads(text)["Statement"]

    def allows(self, action: str, resource: str, **context: str) -> bool:
        """Decide on one call; `context` has the keys of conditions, `prefix` for `s3:prefix`."""
        effects = [
            row["Effect"] for row in self._statements if _fits(row, action, resource, context)
        ]
        return "Deny" not in effects and "Allow" in effects


def _fits(row: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    assert row.keys() <= {"Effect", "Action", "Resource", "Condition"}
    return (
        _any(row["Action"], action)
        and _any(row["Resource"], resource)
        and all(_holds(kind, wanted, context) for kind, wanted in row.get("Condition", {}).items())
    )


def _holds(operator: str, wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    assert operator == "StringLike"
    given = {"s3:prefix": context.get("prefix"), "kms:ViaService": context.get("via")}
    found = [(given[name], patterns) for name, patterns in wanted.items()]
    return all(value is not None and _any(patterns, value) for value, patterns in found)


def _any(patterns: str | list[str], text: str) -> bool:
    rows = [patterns] if isinstance(patterns, str) else patterns
    return any(_pattern(row).fullmatch(text) for row in rows)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join(map(_regex, _TOKEN.finditer(text))), re.DOTALL)


def _regex(token: re.Match[str]) -> str:
    literal, star, mark, other = token.groups()
    if star:
        return ".*"
    return "." if mark else re.escape(literal or other)
