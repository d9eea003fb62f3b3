"""The reference of `storage_config`, from the options of the installed object stores."""

from docs.generators.markdown import document, table, words
from pangolin.interfaces.object_storage import ObjectBackend, Option
from pangolin.registry import Registry
from pangolin.settings import Settings

INTRO = """
`storage_config` of a warehouse has a `type`, and the options of that type. Every spelling listed is
accepted; the first is the one that is stored and shown. Unknown options are refused. A secret is
write-only: answers show `***` and, for a long secret, its last four characters; sending this back
keeps the secret. [Manage warehouses](../how-to/manage-warehouses.md) shows them in use.
"""
HEAD = ("option", "also", "required", "secret", "meaning")


def page() -> str:
    """Write the page."""
    backends = Registry(Settings(store_url="memory:")).object_backends
    parts = [INTRO]
    for kind, backend in sorted(backends.items()):
        parts += [f"## `{kind}`", _about(backend), table(HEAD, map(_row, backend.options))]
    return document("Object stores", *parts)


def _about(backend: ObjectBackend) -> str:
    schemes = words(f"{scheme}://" for scheme in backend.schemes)
    return f"{backend.help.rstrip('.')}. Locations: {schemes}."


def _row(option: Option) -> tuple[str, ...]:
    required = "yes" if option.required else ""
    secret = "yes" if option.secret else ""
    return f"`{option.name}`", words(option.aliases), required, secret, option.help
