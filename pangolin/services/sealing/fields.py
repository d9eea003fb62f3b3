"""One secret member of a record: sealed, or a reference to a place that the operator allows."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pangolin.errors import BadRequest, Unavailable
from pangolin.services.context.redaction import mask
from pangolin.services.context.runtime import Runtime
from pangolin.services.sealing.keyring import KEYRING, Keyring, SealBroken
from pangolin.settings import Settings

# A stored member: `sealed` and `version`, or `reference`; and `shown`, the masked form.
Entry = Mapping[str, Any]
REFERENCES: Final = ("env:", "file:")
LONGEST: Final = 64 * 1024


def entry(runtime: Runtime, value: str, kept: Entry | None, *place: str) -> dict[str, Any]:
    """Return the stored form of a value, which does not change unless the value does.

    Raises `BadRequest` for a reference that PANGOLIN_SECRET_REFERENCES does not list.
    """
    if value.startswith(REFERENCES):
        check_reference(runtime.settings, value)
        return {"reference": value, "shown": value}
    if kept is not None and _is(runtime, kept, value, *place):
        return dict(kept)
    return literal(runtime, value, 1 + (kept or {}).get("version", 0), *place)


def literal(runtime: Runtime, value: str, version: int, *place: str) -> dict[str, Any]:
    """Return the stored form of a value that is the secret itself."""
    sealed = runtime.part(KEYRING).seal(value.encode(), *place, str(version))
    return {"sealed": sealed, "version": version, "shown": mask(value)}


def plain(runtime: Runtime, kept: Entry, *place: str) -> str:
    """Return a value in plaintext, or a reference as it was written; raise `SealBroken`."""
    if "reference" in kept:
        return str(kept["reference"])
    return runtime.part(KEYRING).open(kept["sealed"], *place, str(kept["version"])).decode()


def resolved(settings: Settings, value: str) -> str:
    """Return a reference's secret, and any other value unchanged; raise `Unavailable`."""
    if not value.startswith(REFERENCES):
        return value
    if value not in settings.secret_references:
        raise Unavailable(f"PANGOLIN_SECRET_REFERENCES no longer lists {value}")
    kind, _, name = value.partition(":")
    found = os.environ.get(name, "") if kind == "env" else _read(value, Path(name))
    if not found:
        raise Unavailable(f"there is no secret at {value}")
    return found


def resealed(keyring: Keyring, kept: Entry, *place: str) -> dict[str, Any]:
    """Re-seal a value with the first key unless it already is; raise `SealBroken`."""
    if "reference" in kept or keyring.is_current(kept["sealed"]):
        return dict(kept)
    bound = (*place, str(kept["version"]))
    return {**kept, "sealed": keyring.seal(keyring.open(kept["sealed"], *bound), *bound)}


def for_audit(kept: Entry) -> dict[str, Any]:
    """Return what distinguishes a value from the next one, but nothing that re-sealing changes."""
    return {name: value for name, value in kept.items() if name != "sealed"}


def check_reference(settings: Settings, value: str) -> None:
    """Raise `BadRequest` for a reference that is not listed or leads to nothing."""
    if value not in settings.secret_references:
        raise BadRequest(
            "a secret that begins with env: or file: refers to the server's own; "
            "PANGOLIN_SECRET_REFERENCES does not list this one"
        )
    try:
        resolved(settings, value)
    except Unavailable as error:
        raise BadRequest(error.message) from None


def _is(runtime: Runtime, kept: Entry, value: str, *place: str) -> bool:
    try:
        return plain(runtime, kept, *place) == value
    except SealBroken:
        # The key was lost, and the secret is being entered again.
        return False


def _read(reference: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LONGEST).strip()
    except (OSError, UnicodeDecodeError):
        raise Unavailable(f"the secret at {reference} cannot be read") from None
