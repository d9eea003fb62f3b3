"""Small pieces of SVG, with colours of their own so that light and dark pages show them alike."""

from collections.abc import Iterable
from html import escape

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
BADGE = 11
PAPER, INK, FAINT, DARK = "#fcfbf8", "#1f2933", "#5b6773", "#21364d"


def document(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """Join parts into a picture on a background."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="{FONT}">'
    )
    ground = rect(0.5, 0.5, width - 1, height - 1, PAPER, "#d9d4c7", 14)
    return "\n".join((head, f"<title>{escape(title)}</title>", ground, *parts, "</svg>")) + "\n"


def rect(
    x: float, y: float, width: float, height: float, fill: str, line: str, radius: int = 7
) -> str:
    """Draw a box with round corners."""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" '
        f'fill="{fill}" stroke="{line}"/>'
    )


def text(
    x: float, y: float, words: str, size: float, fill: str = INK, *, bold: bool = False
) -> str:
    """Write one line, from the left."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}>{escape(words)}</text>'


def badge(x: float, y: float, words: str) -> str:
    """Draw a dark disc with a number in it."""
    return (
        f'<circle cx="{x}" cy="{y}" r="{BADGE}" fill="{DARK}"/>'
        f'<text x="{x}" y="{y + 4}" font-size="11.5" font-weight="600" fill="#ffffff" '
        f'text-anchor="middle">{escape(words)}</text>'
    )


def arrow_down(x: float, top: float, bottom: float) -> str:
    """Draw an arrow from the top to the bottom."""
    return (
        f'<path d="M{x} {top} V{bottom - 9}" stroke="{FAINT}" stroke-width="1.6" fill="none"/>'
        f'<path d="M{x - 5} {bottom - 10} h10 l-5 10 z" fill="{FAINT}"/>'
    )


def upright(x: float, y: float, words: str, size: float) -> str:
    """Write one line from bottom to top, centred at a point."""
    return (
        f'<text transform="translate({x} {y}) rotate(-90)" font-size="{size}" fill="{FAINT}" '
        f'text-anchor="middle">{escape(words)}</text>'
    )
