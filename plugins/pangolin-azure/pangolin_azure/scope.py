"""From an access to what one signature can express: a single directory and its permissions."""

from collections.abc import Mapping
from dataclasses import dataclass

from pangolin.plugin import Access, BadRequest, Forbidden, Location, parse_location
from pangolin_azure.account import Account
from pangolin_azure.options import flag

# Azure wants them in this order.
_ORDER = "racwdl"


@dataclass(frozen=True, slots=True)
class Scope:
    """A directory as segments below the container (none: all of it), and permissions."""

    path: tuple[str, ...]
    permissions: str


def scope_of(access: Access, account: Account, options: Mapping[str, str]) -> Scope:
    """Narrow to the one directory that holds all others of the access.

    Raises `Forbidden` for an access to nothing or outside the container, `BadRequest` naming
    the directories if one signature cannot express it without opening more.
    """
    sets = {"rl": access.read, "acw": access.write, "d": access.delete}
    directories = {text for each in sets.values() for text in each}
    if not directories:
        raise Forbidden("an access to nothing gets no credential")
    top = _top([_located(text, account) for text in sorted(directories)])
    granted = {letters for letters, each in sets.items() if each}
    for letters in granted:
        _check_reaches(sets[letters], top)
    permissions = "".join(sorted("".join(granted), key=_ORDER.index))
    return Scope(_path(top, options), permissions)


def check_container_scope(options: Mapping[str, str]) -> None:
    """Raise `BadRequest` if no directory can be signed for, and the container must not be."""
    if flag(options, "adls.hierarchical-namespace", default=True):
        return
    if not flag(options, "adls.allow-container-scope"):
        raise BadRequest(
            "adls.hierarchical-namespace must be true: without it a SAS opens the whole "
            "container, which adls.allow-container-scope would have to allow"
        )


def _path(top: Location, options: Mapping[str, str]) -> tuple[str, ...]:
    check_container_scope(options)
    if not flag(options, "adls.hierarchical-namespace", default=True):
        return ()
    if not top.path and not flag(options, "adls.allow-container-scope"):
        raise BadRequest(f"{top} is a whole container, which adls.allow-container-scope must allow")
    return top.path


def _top(found: list[Location]) -> Location:
    top = min(found, key=lambda location: len(location.path))
    if not all(top.contains(location) for location in found):
        raise BadRequest(f"one SAS opens one directory, and these have none: {_listed(found)}")
    return top


def _check_reaches(directories: tuple[str, ...], top: Location) -> None:
    # A privilege on a part of the directory cannot be expressed; never grant it on the whole.
    if top not in map(parse_location, directories):
        raise BadRequest(
            f"one SAS gives its permissions on all of {top}, more than {', '.join(directories)}"
        )


def _located(text: str, account: Account) -> Location:
    found = parse_location(text)
    if (found.scheme, found.authority) != ("abfss", f"{account.container}@{account.host}"):
        raise Forbidden(f"{text} is outside of the container of its warehouse")
    return found


def _listed(found: list[Location]) -> str:
    return ", ".join(map(str, found))
