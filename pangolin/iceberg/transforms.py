"""Partition and sort transforms: parsing, and which types each one takes (table spec)."""

import re
from dataclasses import dataclass
from typing import Any

from pangolin.errors import BadRequest
from pangolin.iceberg import types

_TIMESTAMPS = frozenset(("timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns"))
_DATES = _TIMESTAMPS | {"date"}
_TAKES = {
    "identity": frozenset(types.PLAIN - {"variant"}) | {"fixed", "decimal"},
    "bucket": _DATES | {"int", "long", "time", "string", "binary", "fixed", "decimal", "uuid"},
    "truncate": frozenset(("int", "long", "string", "binary", "decimal")),
    "year": _DATES,
    "month": _DATES,
    "day": _DATES,
    "hour": _TIMESTAMPS,
}
_WITH_WIDTH = re.compile(r"(bucket|truncate)\[([0-9]{1,10})\]")


@dataclass(frozen=True, slots=True)
class Transform:
    """A known transform; `width` is the number of buckets or the truncation width."""

    name: str
    width: int | None = None

    def __str__(self) -> str:
        return self.name if self.width is None else f"{self.name}[{self.width}]"

    def takes(self, data_type: Any) -> bool:
        """Whether a column of this type can be transformed."""
        return self.name == "void" or types.kind(data_type) in _TAKES[self.name]


def parse_transform(text: str) -> Transform | None:
    """The transform of this name in any case, or None when it is unknown."""
    lower = text.strip().lower()
    if lower in ("identity", "void", "year", "month", "day", "hour"):
        return Transform(lower)
    match = _WITH_WIDTH.fullmatch(lower)
    if match is None or not 0 < int(match[2]) < 1 << 31:
        return None
    return Transform(match[1], int(match[2]))


def known_transform(text: str, where: str) -> Transform:
    """The transform of this name; raises BadRequest for an unknown one."""
    transform = parse_transform(text)
    if transform is None:
        raise BadRequest(f"{where} is not a known transform: {text[:200]}")
    return transform
