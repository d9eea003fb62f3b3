"""Reading requests of the Iceberg API: JSON bodies, paging, ETags."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from flask import request

from pangolin.errors import BadRequest
from pangolin.services.credentials.vending import MODES
from pangolin.web.http.bodies import read_json

SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list request asks for: a start and a limit, both None to get everything."""

    after: str | None
    limit: int | None


def body() -> dict[str, Any]:
    """Parse the request's body as a JSON object; raise as `read_json`."""
    document = read_json(request)
    if not isinstance(document, dict):
        raise BadRequest("the body must be a JSON object")
    return document


def commit_body(levels: tuple[str, ...] = (), name: str = "") -> dict[str, Any]:
    """Parse a commit; its `identifier`, if given, must be the path's."""
    document = body()
    check_commit(document)
    identifier = document.get("identifier")
    if identifier is None:
        return document
    given = (identifier["namespace"], identifier["name"])
    if given != (list(levels), name):
        raise BadRequest(f"identifier {given} is not the table in the path: {(levels, name)}")
    return document


def transaction_body() -> list[dict[str, Any]]:
    """Parse a multi-table commit."""
    changes = body().get("table-changes")
    if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
        raise BadRequest("table-changes must be a list of objects")
    for each in changes:
        if each.get("identifier") is None:
            raise BadRequest("table-changes: identifier is missing")
        check_commit(each)
    return changes


def check_commit(document: dict[str, Any]) -> None:
    """Check a commit's outer shape and fill in absent requirements."""
    document.setdefault("requirements", [])
    for field in ("requirements", "updates"):
        listed = document.get(field)
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise BadRequest(f"{field} must be a list of objects")
    identifier = document.get("identifier")
    if identifier is not None:
        _check_identifier(identifier)


def _check_identifier(identifier: Any) -> None:
    levels = identifier.get("namespace") if isinstance(identifier, dict) else None
    name = identifier.get("name") if isinstance(identifier, dict) else None
    if not isinstance(name, str) or not isinstance(levels, list):
        raise BadRequest("identifier must be an object with a namespace list and a name")
    if not all(isinstance(level, str) for level in levels):
        raise BadRequest("identifier.namespace must be a list of strings")


def paging(most: int) -> Paging:
    """Read `pageToken` and `pageSize`; without either, everything is requested."""
    token, size = request.args.get("pageToken"), request.args.get("pageSize")
    if token is None and size is None:
        return Paging(None, None)
    return Paging(_after(token), _limit(size, most))


def token(after: str | None) -> str | None:
    """Make the opaque token of the next page."""
    if after is None:
        return None
    return base64.urlsafe_b64encode(b"a:" + after.encode()).decode()


def _after(text: str | None) -> str | None:
    if not text:
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadRequest("pageToken was not issued by this server") from None
    if not raw.startswith("a:"):
        raise BadRequest("pageToken was not issued by this server")
    return raw[2:]


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return most
    if not text.isascii() or not text.isdigit() or int(text[:18]) < 1:
        raise BadRequest(f"pageSize must be a whole number of at least 1, not {text!r}")
    return min(int(text[:18]), most)


def parent() -> tuple[str, ...]:
    """Read the `parent` query parameter: levels joined by U+001F, empty for the top.

    PyIceberg encodes it twice, so a value that still holds an escape is decoded once more.
    """
    text = request.args.get("parent", "")
    if "%" in text:
        text = unquote(text)
    return tuple(text.split(SEPARATOR)) if text else ()


def etags() -> tuple[str, ...]:
    """Read If-None-Match."""
    return parse_etags(request.headers.get("If-None-Match", ""))


def parse_etags(text: str) -> tuple[str, ...]:
    """Split a list of ETags; weak, strong and bare tags are all compared as strong."""
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in text.split(","))
    return tuple("*" if tag == "*" else f'"{tag}"' for tag in tags if tag)


def delegation() -> tuple[str, ...]:
    """Read X-Iceberg-Access-Delegation."""
    return parse_delegation(request.headers.get("X-Iceberg-Access-Delegation", ""))


def parse_delegation(text: str) -> tuple[str, ...]:
    """Split a list of access modes; unknown ones of newer clients are left out."""
    words = {word.strip().lower() for word in text.split(",")}
    return tuple(mode for mode in MODES if mode in words)


def flag(name: str) -> bool:
    """Read a boolean query parameter, false if absent, in any letter case."""
    text = request.args.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadRequest(f"{name} must be true or false, not {text!r}")
    return text == "true"


def snapshots() -> str:
    """Read the `snapshots` query parameter."""
    mode = request.args.get("snapshots", "all").lower()
    if mode not in ("all", "refs"):
        raise BadRequest(f"snapshots must be 'all' or 'refs', not {mode!r}")
    return mode
