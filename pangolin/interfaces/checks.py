"""The results of checking a warehouse, one check at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a warehouse: `passed`, `failed`, `unknown` or `skipped`."""

    name: str
    result: str
    detail: str = ""
    remedy: str = ""
