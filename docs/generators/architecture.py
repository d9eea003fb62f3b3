"""The picture of the layers, drawn from the import-linter contracts in setup.cfg.

Generation fails for a layer without a role in `ROLES`, and for a step of the request that names no
layer.
"""

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.generators import svg

SETUP = Path(__file__).parents[2] / "setup.cfg"
PICTURE = Path(__file__).parents[1] / "explanation" / "architecture.svg"
SERVICES = "services"
TITLE = "Pangolin's layers, and the path of a request through them"

# What each layer and each capability is for.
ROLES = {
    "cli": "the commands",
    "app": "builds the WSGI application",
    "web": "HTTP: http/, fast path, context, and the views of both APIs",
    "registry": "finds plugins and asks their hooks",
    "default_plugins": "memory store, local files, passwords, tokens, API keys",
    "plugin": "everything that a plugin may import",
    "hookspecs": "the hooks",
    "toolkit": "buckets, probes, outbound calls: for plugins to build on",
    "interfaces": "what plugins implement",
    "iceberg": "the metadata engine",
    "store": "records, kinds, batches",
    "settings": "the table of settings",
    "errors": "every error, with its HTTP status",
    "operations": "bootstrap, migrations, copy, export, garbage collection, doctor, health",
    "assets": "generic assets and business metadata",
    "tables": "tables and views",
    "accounts": "users, service users, API keys",
    "warehouses": "warehouses and their checks",
    "tenants": "tenants and their settings",
    "catalogs": "catalogs and namespaces",
    "grants": "grants, roles, memberships",
    "branches": "branches and tags",
    "login": "ways to sign in",
    "changes": "batches, idempotency, retries",
    "credentials": "credential vending",
    "audit": "the audit log: chains, segments, verification",
    "authz": "rights: may this principal do this?",
    "storage": "object stores, files, claims",
    "authn": "credentials of callers",
    "versioned": "names at a ref; entries",
    "sealing": "secrets at rest",
    "context": "the request's Context, the process's Runtime",
}
# The path of a request: the layer of each step, its name and its explanation.
STEPS = (
    ("app", "gunicorn", "calls the application in a worker thread"),
    ("web", "web/http", "raw path, body limit, request id, access log"),
    ("web", "fast path or Flask view", "loading a table skips Flask"),
    ("authn", "authenticate", "is the credential valid?"),
    ("context", "Context", "the principal, in one tenant, with its store"),
    ("tables", "service", "the use case, such as a commit"),
    ("versioned", "address", "catalog@ref, namespace and name become ids"),
    ("authz", "authorise", "may the principal do this?"),
    ("storage", "read", "the entry from the store, its metadata file"),
    ("iceberg", "compute", "new metadata from the updates, in memory"),
    ("storage", "stage file", "the new metadata file, under a new name"),
    ("changes", "one batch", "change, audit and idempotency records together"),
    ("store", "apply", "all of the batch, or none of it"),
    ("web", "answer", "JSON, an ETag, or an error with its status"),
)

LEFT, WIDTH, GAP = 62, 690, 8
TOP, ROW, LAYER = 74, 38, 48
PATH = LEFT + WIDTH + 34
EDGE = 430


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours of a box."""

    fill: str
    line: str


OUTER = Paint("#e6eef8", "#8fb0d6")
INNER = Paint("#ffffff", "#d3ab62")
GROUND = Paint("#e5f1e8", "#8cbf9a")
BAY = Paint("#fbf1dc", "#d3ab62")


def layers(contract: str) -> list[list[str]]:
    """Read the layers of a contract, the highest first."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(SETUP, encoding="utf-8")
    lines = config[f"importlinter:contract:{contract}"]["layers"].split("\n")
    return [
        [name.strip().removeprefix("pangolin.") for name in line.split("|")]
        for line in lines
        if line.strip()
    ]


def picture() -> str:
    """Draw the picture."""
    outer, inner = layers("layers"), layers("services")
    named = {name for row in (*outer, *inner) for name in row}
    strangers = {layer for layer, _, _ in STEPS} - named
    if strangers:
        raise ValueError(f"no contract has the layers {strangers}")
    parts, bottom = _building(outer, inner)
    height = round(bottom + 26)
    head = [
        svg.text(LEFT, 40, "The layers", 20, bold=True),
        svg.text(
            LEFT, 60, "Each imports only layers below it, and nothing beside it.", 12.5, svg.FAINT
        ),
        svg.text(PATH, 40, "The path of a request", 20, bold=True),
        svg.text(PATH, 60, "A commit; other requests skip steps.", 12.5, svg.FAINT),
        svg.arrow_down(38, TOP, bottom),
        svg.upright(30, (TOP + bottom) / 2, "may import", 12),
    ]
    return svg.document(PATH + EDGE, height, TITLE, [*head, *parts, *_path(bottom)])


def _building(outer: list[list[str]], inner: list[list[str]]) -> tuple[list[str], float]:
    parts: list[str] = []
    y, below = float(TOP), False
    for row in outer:
        if row == [SERVICES]:
            parts += _services(inner, y)
            y, below = y + _height(inner) + GAP, True
            continue
        paint = GROUND if below else OUTER
        parts += [part for box in _boxes(row, LEFT, WIDTH) for part in _room(*box, y, ROW, paint)]
        y += ROW + GAP
    return parts, y - GAP


def _height(inner: list[list[str]]) -> float:
    return 32 + len(inner) * (LAYER + GAP) + 4


def _services(inner: list[list[str]], y: float) -> Iterator[str]:
    yield svg.rect(LEFT, y, WIDTH, _height(inner), BAY.fill, BAY.line, 10)
    yield svg.text(LEFT + 14, y + 21, "services", 14, bold=True)
    note = "one package per capability"
    yield svg.text(LEFT + 92, y + 21, note, 12, svg.FAINT)
    y += 32
    for row in inner:
        for box in _boxes(row, LEFT + 12, WIDTH - 24):
            yield from _room(*box, y, LAYER, INNER)
        y += LAYER + GAP


def _boxes(row: list[str], left: float, width: float) -> Iterator[tuple[str, float, float]]:
    each = (width - GAP * (len(row) - 1)) / len(row)
    for at, name in enumerate(row):
        yield name, left + at * (each + GAP), each


def _room(
    name: str, x: float, width: float, y: float, height: float, paint: Paint
) -> Iterator[str]:
    yield svg.rect(x, y, width, height, paint.fill, paint.line)
    if height == LAYER:
        yield svg.text(x + 14, y + 20, name, 14, bold=True)
        yield svg.text(x + 14, y + 38, ROLES[name], 12, svg.FAINT)
    else:
        yield svg.text(x + 14, y + 24, name, 14, bold=True)
        offset = 146 if width > WIDTH / 2 else 88
        yield svg.text(x + offset, y + 24, ROLES[name], 12, svg.FAINT)
    numbers = [str(at) for at, step in enumerate(STEPS, 1) if step[0] == name]
    for at, number in enumerate(reversed(numbers)):
        yield svg.badge(x + width - 20 - at * 26, y + height / 2, number)


def _path(bottom: float) -> Iterator[str]:
    step = (bottom - TOP - 56) / (len(STEPS) - 1)
    yield svg.arrow_down(PATH + 16, TOP + 28, bottom - 28)
    for at, (_, name, what) in enumerate(STEPS):
        y = TOP + 28 + at * step
        yield svg.rect(PATH, y - 24, EDGE - 34, 48, "#ffffff", "#c9d1da")
        yield svg.badge(PATH + 20, y, str(at + 1))
        yield svg.text(PATH + 42, y - 4, name, 14, bold=True)
        yield svg.text(PATH + 42, y + 14, what, 12, svg.FAINT)
