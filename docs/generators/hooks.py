"""The reference of hooks, from their specifications and the types they register."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from docs.generators.markdown import code, document, first_paragraph, table
from pangolin import hookspecs, plugin

INTRO = """
A plugin is a module named by an entry point of the group `pangolin`. It implements the hooks
below, each marked with `pangolin.plugin.hookimpl`, and imports nothing of Pangolin but
`pangolin.plugin`. An implementation may take fewer arguments than are listed here.
[Write a storage backend](../how-to/write-a-storage-backend.md) walks through a whole plugin.

A hook that returns a sequence is called on every plugin, and all results are used; if two plugins
register one scheme or name, the error names both. A hook marked *first result* is called until a
plugin returns something other than `None`.
"""
SHOWN = [
    "StoreBackend",
    "Store",
    "Kind",
    "Index",
    "Put",
    "Delete",
    "Require",
    "RequireEmpty",
    "Record",
    "Page",
    "Conflict",
    "Inspection",
    "ObjectBackend",
    "ObjectStore",
    "Option",
    "Warehouse",
    "ObjectInfo",
    "Location",
    "AuthRequest",
    "AuthServices",
    "Principal",
    "ExternalIdentity",
    "IdentityProvider",
    "LoginRequest",
    "EventSink",
    "Event",
    "CredentialVendor",
    "Grant",
    "Vended",
]
# These are not classes or functions of ours, so they have no docstring to read.
OTHERS = {
    "ABSENT": "Expected by a change that inserts.",
    "ANY": "Expected by a change that accepts whatever it finds.",
    "Change": "`Put`, `Delete`, `Require` or `RequireEmpty`.",
    "Doc": "A JSON document.",
    "Expected": "`ABSENT`, `ANY` or a version.",
    "Key": "A tuple of key values.",
    "Scalar": "A key or index value: text or an integer.",
    "Version": "A record's version, an integer; opaque, and never used twice for a key.",
    "hookimpl": "Marks an implementation of a hook.",
}
MODULES = re.compile(r"\b(?:[a-z_]+\.)+(?=[A-Z])")


def hooks() -> dict[str, Any]:
    """Find every hook by name, in the order of the source."""
    return {name: found for name, found in vars(hookspecs).items() if name.startswith("pangolin_")}


def page() -> str:
    """Write the page."""
    parts = [INTRO]
    for name, spec in hooks().items():
        parts += [f"## `{name}`", code(_signature(name, spec), "python"), _about(spec)]
    parts += ["## The types", "All of these are in `pangolin.plugin`."]
    for name in SHOWN:
        parts += _type(name, getattr(plugin, name))
    parts += ["## Everything in `pangolin.plugin`", table(("name", "what it is"), _names())]
    return document("Hooks", *parts)


def _signature(name: str, spec: Any) -> str:
    given = inspect.signature(spec)
    taken = ", ".join(str(each) for each in given.parameters.values())
    return f"def {name}({taken}) -> {given.return_annotation}".replace("'", "")


def _about(spec: Any) -> str:
    first = " *First result.*" if spec.pangolin_spec["firstresult"] else ""
    return inspect.cleandoc(spec.__doc__) + first


def _type(name: str, kind: type) -> list[str]:
    parts = [f"### `{name}`", inspect.cleandoc(kind.__doc__ or "")]
    if dataclasses.is_dataclass(kind):
        parts.append(table(("field", "type", "default"), _fields(kind)))
    methods = [
        (f"`{each}{_taken(found)}`", first_paragraph(found.__doc__))
        for each, found in _methods(kind)
    ]
    if methods:
        parts.append(table(("method", "does"), methods))
    return parts


def _fields(kind: Any) -> Iterator[tuple[str, str, str]]:
    for item in dataclasses.fields(kind):
        yield f"`{item.name}`", f"`{_plain(item.type)}`", _default(item)


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    for name, found in vars(kind).items():
        if inspect.isfunction(found) and not name.startswith("_"):
            yield name, found


def _taken(found: Any) -> str:
    # No annotations: they would clutter the page, and the code has them.
    bare = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in inspect.signature(found).parameters.values()
        if each.name != "self"
    ]
    return str(inspect.Signature(bare))


def _plain(annotation: Any) -> str:
    if type(annotation) is type:
        return annotation.__name__
    text = MODULES.sub("", str(annotation)).replace('"', "").replace("'", "")
    # To a plugin the document of any kind is a plain dict.
    return text.replace("[~D]", "").replace("~D", "dict[str, Any]")


def _default(item: "dataclasses.Field[Any]") -> str:
    made: Any = item.default_factory
    if made is not dataclasses.MISSING:
        return f"`{made.__name__}()`"
    if item.default is dataclasses.MISSING:
        return ""
    if isinstance(item.default, Enum):
        return f"`{item.default.name}`"
    name = item.default.__name__ if inspect.isfunction(item.default) else repr(item.default)
    return f"`{name}`"


def _names() -> Iterator[tuple[str, str]]:
    for name in sorted(plugin.__all__):
        found = getattr(plugin, name)
        yield f"`{name}`", OTHERS.get(name) or first_paragraph(found.__doc__)
