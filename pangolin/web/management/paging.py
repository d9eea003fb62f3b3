"""Pages of bare arrays: `limit` and `page_token`, and `offset` for older clients.

The token of the next page is in a `Link` header; it holds where the page ended, so that rows which
come and go meanwhile neither repeat nor hide others.
"""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, fields, validate

from pangolin.errors import BadRequest
from pangolin.web.context import current_context
from pangolin.web.http.raw_path import RAW_PATH

Rows = list[dict[str, Any]]
Fetch = Callable[..., tuple[Rows, str | None]]
LINK = {
    "Link": {
        "description": 'The next page, as `<url>; rel="next"`; absent on the last one.',
        "schema": {"type": "string"},
    }
}


class Paging(Schema):
    """Which rows of a list to return."""

    limit = fields.Integer(
        validate=validate.Range(min=1), metadata={"description": "Maximum rows on a page."}
    )
    page_token = fields.String(
        metadata={"description": "The token of a page, from a `Link` header."}
    )
    offset = fields.Integer(
        validate=validate.Range(min=0),
        metadata={"description": "Rows to skip; `page_token` is faster and more stable."},
    )


def listed(fetch: Fetch, asked: dict[str, Any]) -> tuple[Rows, dict[str, str]]:
    """Return one page of what `fetch(limit=, after=)` returns, and its headers."""
    most = current_context().settings.max_page_size
    limit = asked.get("limit", most)
    if limit > most:
        raise BadRequest(f"limit must be 1 to {most}, not {limit}")
    if "page_token" in asked and "offset" in asked:
        raise BadRequest("page_token and offset both say where to begin; send only one")
    after = _read(asked["page_token"]) if "page_token" in asked else None
    skipped, after = _skip(fetch, asked.get("offset", 0), most, after)
    rows, more = fetch(limit=limit, after=after) if skipped else ([], None)
    return rows, {} if more is None else {"Link": f'<{_url(limit, more)}>; rel="next"'}


def _skip(fetch: Fetch, offset: int, most: int, after: str | None) -> tuple[bool, str | None]:
    """Skip rows; return whether there are more after them, and where they begin."""
    while offset > 0:
        rows, after = fetch(limit=min(offset, most), after=after)
        offset -= len(rows)
        if after is None:
            return False, None
    return True, after


def _url(limit: int, after: str) -> str:
    kept = {key: value for key, value in request.args.items() if key != "offset"}
    query = urlencode(kept | {"limit": str(limit), "page_token": _write(after)})
    return f"{request.root_path}{request.environ[RAW_PATH]}?{query}"


def _write(after: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([after]).encode()).decode().rstrip("=")


def _read(token: str) -> str:
    try:
        padded = token + "=" * (-len(token) % 4)
        (after,) = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError):
        after = None
    if not isinstance(after, str):
        raise BadRequest("page_token was not issued by this server")
    return after
