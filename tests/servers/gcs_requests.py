"""What requests to Cloud Storage do, in its XML interface and in its JSON one."""

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from tests.servers.front import Request

_JSON = re.compile(r"/(?:(?:upload|download)/)?storage/v1/b/([^/]+)/o(?:/(.+))?")
_NAME = re.compile(rb'"name":\s*("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class Wish:
    """A permission on an object, or `list` on a prefix."""

    permission: str
    name: str


def wishes(request: Request, bucket: str, existing: set[str]) -> list[Wish] | None:
    """Return what permissions a request needs; None for what nobody has a reason to ask.

    What it uploads is added to `existing`: to write over an object is to delete it, too.
    """
    found = _JSON.fullmatch(request.path)
    if found is None:
        asked, _, name = unquote(request.path.removeprefix("/")).partition("/")
    else:
        asked, name = unquote(found[1]), unquote(found[2] or "")
    if asked != bucket:
        return None
    if request.method in ("PUT", "POST"):
        return _upload(request, name or _named(request), existing)
    if request.method == "DELETE":
        return [Wish("delete", name)]
    return [Wish("get", name)] if name else [Wish("list", request.values.get("prefix", ""))]


def _upload(request: Request, name: str, existing: set[str]) -> list[Wish]:
    # A part of an upload that was begun, or one that refuses to write over an object.
    harmless = {"upload_id", "ifGenerationMatch"} & set(request.values) or (
        "x-goog-if-generation-match" in request.headers
    )
    overwrites = name in existing and not harmless
    existing.add(name)
    return [Wish("create", name), *([Wish("delete", name)] if overwrites else [])]


def _named(request: Request) -> str:
    """Find the name in the query, or in the first part of the body."""
    found = _NAME.search(request.body)
    return request.values.get("name") or (str(json.loads(found[1])) if found else "")
