"""The reference of errors, from their classes."""

import importlib
import pkgutil
from collections.abc import Iterator

import pangolin
from docs.generators.markdown import document, first_paragraph, table
from pangolin.errors import PangolinError
from pangolin.services.changes.idempotency import Replay
from pangolin.web.http.errors import TYPES

INTRO = """
Both APIs answer a failure with the same body:

```json
{
  "error": {
    "message": "Table does not exist: shop.orders",
    "type": "NoSuchTableException",
    "code": 404
  }
}
```

`type` is the name that Iceberg clients know, `code` is the HTTP status, and `details`, where
present, add more (for instance, what is in the way of a deletion). An unexpected 500 has an id that
is also in the server's log. A 503 has `Retry-After`, and nothing was changed. After
`CommitStateUnknownException` the change may or may not have been applied: check before cleaning up.
"""
HTTP = """
## Failures of HTTP itself

These occur before any service is called. Any other status has the name of its class in Werkzeug.
"""


def errors() -> list[type[PangolinError]]:
    """Find every error of Pangolin, by status and name."""
    for module in pkgutil.walk_packages(pangolin.__path__, "pangolin."):
        if not module.name.startswith(("pangolin.testing", "pangolin.cli")):
            importlib.import_module(module.name)
    ours = {each for each in _below(PangolinError) if each.__module__.startswith("pangolin.")}
    return sorted(ours - {Replay}, key=lambda each: (each.status, each.type, each.__name__))


def page() -> str:
    """Write the page."""
    head = ("status", "type", "class", "meaning")
    plain = [(str(status), f"`{name}`") for status, name in TYPES.items()]
    return document(
        "Errors",
        INTRO,
        table(head, map(_row, errors())),
        HTTP,
        table(("status", "type"), plain),
    )


def _row(error: type[PangolinError]) -> tuple[str, ...]:
    name = f"`{error.__module__}.{error.__name__}`"
    return str(error.status), f"`{error.type}`", name, first_paragraph(error.__doc__)


def _below(kind: type[PangolinError]) -> Iterator[type[PangolinError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _below(each)
