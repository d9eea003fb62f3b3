"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `python -m docs.generate` from the code; edit the code instead. -->"


def document(title: str, *parts: str) -> str:
    """Join a title and its parts into a page."""
    return "\n\n".join((NOTICE, f"# {title}", *(part.strip("\n") for part in parts))) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table; a cell may hold `|`."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str, language: str = "") -> str:
    """Fence a block."""
    return f"```{language}\n{text}\n```"


def words(items: Iterable[str]) -> str:
    """List things in backticks."""
    return ", ".join(f"`{item}`" for item in items)


def first_paragraph(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((docstring or "").strip().split("\n\n")[0].split())


def _row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
