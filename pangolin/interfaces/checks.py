"""What a trial of a warehouse finds, one check at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried on a warehouse: `passed`, `failed`, `unknown` or `skipped`."""

    name: str
    result: str
    detail: str = ""
    remedy: str = ""
