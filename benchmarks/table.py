"""Results as tables of Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring import Measured

HEAD = (
    "| case | answer | req/s | bare req/s | CPU µs/req | bare CPU µs/req | CPU ratio"
    " | database µs/req |\n|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True, slots=True)
class Result:
    """A case, the size of its answer in bytes, Pangolin and the bare application."""

    name: str
    size: int
    own: Measured
    bare: Measured

    @property
    def ratio(self) -> float:
        """How much more CPU Pangolin takes for a request."""
        return self.own.cpu / self.bare.cpu


def row(result: Result) -> str:
    """Write a row of a store's table."""
    own, bare = result.own, result.bare
    cells = (result.name, f"{result.size:,} B", rate(own), rate(bare))
    costs = (f"{own.cpu:,.0f}", f"{bare.cpu:,.0f}", f"{result.ratio:.1f}")
    database = f"{own.database:,.0f}" if own.database else "—"
    return f"| {' | '.join((*cells, *costs, database))} |"


def rate(measured: Measured) -> str:
    """Write how many requests a second were answered."""
    return f"{measured.rate:,.{int(measured.rate < 10)}f}"


def beside(found: Mapping[str, Sequence[Result]]) -> str:
    """Write what the stores have in common: requests per second and the ratio of CPU time."""
    lines = [f"| case | {' | '.join(found)} |", f"|---|{'--:|' * len(found)}"]
    for results in zip(*found.values(), strict=True):
        cells = (f"{rate(result.own)}/s, {result.ratio:.1f}×" for result in results)
        lines.append(f"| {results[0].name} | {' | '.join(cells)} |")
    return "\n".join(lines)
