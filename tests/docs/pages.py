"""The pages of the documentation, and what stands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
GAP = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text and the line it starts in."""

    language: str
    text: str
    line: int


def every_page() -> list[Path]:
    """List the pages of the project, the README first."""
    outside = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    return [*outside, *sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("plugins/*/README.md"))]


def blocks(path: Path) -> list[Block]:
    """List the blocks of a page in order."""
    text = path.read_text()
    return [
        Block(found[1], found[2], text[: found.start()].count("\n") + 1)
        for found in FENCE.finditer(text)
    ]


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """Iterate over (file, anchor or '') of a page's links within the project."""
    for target in LINK.findall(FENCE.sub("", path.read_text())):
        name, _, anchor = target.partition("#")
        yield (path.parent / name).resolve() if name else path, anchor


def anchors(path: Path) -> set[str]:
    """List the anchors that headings make."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shown(expected: str, printed: str) -> bool:
    """Return whether output is as a page shows it, where `…` stands for anything."""
    pattern = "".join(".*" if part == GAP else re.escape(part) for part in _parts(expected.strip()))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def _parts(text: str) -> list[str]:
    return re.split(f"({GAP})", text)
