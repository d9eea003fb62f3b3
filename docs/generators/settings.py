"""The reference of settings, from their table."""

from dataclasses import Field, fields
from typing import Any

from docs.generators.markdown import document, table, words
from pangolin.settings import FALSE, PREFIX, TRUE, Settings

INTRO = f"""
Every setting is an environment variable, read once when the process starts. An invalid value
aborts startup with the name of the variable. A variable that begins with `PANGOLIN_` and is not a
setting is reported, with the nearest setting (except `PANGOLIN_TEST_…`, and variables that
`PANGOLIN_SECRET_REFERENCES` lists), when the server starts, by `pangolin settings` and by
`pangolin doctor`. `pangolin settings` shows each setting's current value and its source. The
options `--host`, `--port`, `--workers` and `--threads` of `pangolin serve` override the
corresponding variables.

A bool is one of {words(sorted(TRUE))}, or one of {words(sorted(FALSE - {""}))} or empty.
"""
MORE = """
## What else is read from the environment

| variable | read by | meaning |
| --- | --- | --- |
| `PROMETHEUS_MULTIPROC_DIR` | metrics | where workers share metrics; `pangolin serve` creates one |
| `AWS_*` | pangolin-aws | credentials and region for a warehouse that has none of its own |
| `AZURE_*` | pangolin-azure | the server's own identity, for warehouses that use it |
| `GOOGLE_APPLICATION_CREDENTIALS` | pangolin-gcp | the same for Google Cloud |
| any | core, pangolin-oidc | a variable that an allowed secret reference names as `env:NAME` |

## The quick start

While `PANGOLIN_STORE_URL` is empty, records are kept in `pangolin.db` in the data directory, the
directory `warehouse` in it is allowed for `file` warehouses, and the default catalog is
`lakehouse`. The first `pangolin serve` creates a warehouse `local` and that catalog in it. None of
this applies if you set a store URL.
"""


def page() -> str:
    """Write the page."""
    rows = [_row(item) for item in fields(Settings)]
    head = ("variable", "type", "default", "allowed", "meaning")
    return document("Settings", INTRO, table(head, rows), MORE)


def _row(item: Field[Any]) -> tuple[str, ...]:
    name = f"`{PREFIX}{item.name.upper()}`"
    note = " Secret: never shown." if item.metadata["secret"] else ""
    kind = "list" if isinstance(item.default, tuple) else type(item.default).__name__
    return name, kind, _default(item.default), _allowed(item), item.metadata["help"] + note


def _default(value: Any) -> str:
    if value in ("", ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _allowed(item: Field[Any]) -> str:
    least, most = item.metadata["at_least"], item.metadata["at_most"]
    if item.metadata["choices"]:
        return words(item.metadata["choices"])
    if most is not None:
        return f"{least} to {most}"
    return "" if least is None else f"at least {least}"
