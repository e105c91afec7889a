"""Pictures of a comparison as SVG and tables: original against converted, and flips by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from converters.contract import Flip, OutputParity

SIDE, LEFT, TOP = 260, 64, 12


def scatter(parity: OutputParity) -> str:
    """The converted numbers over the original's; whatever is right lies on the diagonal."""
    pairs = [(a, b) for a, b in parity.scatter if math.isfinite(a) and math.isfinite(b)]
    if len(pairs) < 2:
        return ""
    low, high, curved = _range([value for pair in pairs for value in pair])
    to_axis = _curve if curved else float

    def place(value: float) -> float:
        return SIDE * (to_axis(value) - to_axis(low)) / ((to_axis(high) - to_axis(low)) or 1.0)

    dots = "".join(
        f'<circle cx="{LEFT + place(a):.1f}" cy="{TOP + SIDE - place(b):.1f}" r="2.5"/>'
        for a, b in pairs
    )
    title = f"Converted against original, {parity.name}"
    axes = _axes(low, high)
    note = " Both axes are compressed towards large numbers." if curved else ""
    return (
        f'<figure><svg viewBox="0 0 {LEFT + SIDE + 16} {TOP + SIDE + 44}" width="'
        f'{LEFT + SIDE + 16}" role="img" aria-label="{escape(title)}">{axes}'
        f'<line class="diagonal" x1="{LEFT}" y1="{TOP + SIDE}" x2="{LEFT + SIDE}" y2="{TOP}"/>'
        f'<g class="dots">{dots}</g></svg><figcaption>The converted file over the original, '
        f"{len(pairs):,} numbers, the worst among them; equal ones lie on the line.{note}"
        "</figcaption></figure>"
    )


def confusion(flips: Sequence[Flip]) -> str:
    """Which class was named instead of which, and how often."""
    if not flips:
        return ""
    rows = "\n".join(
        f"<tr><td><code>{escape(flip.original)}</code></td>"
        f"<td><code>{escape(flip.converted)}</code></td><td class=n>{flip.rows:,}</td></tr>"
        for flip in flips
    )
    return (
        "<h3>Which class instead of which</h3>\n<div class=wide tabindex=0 role=region "
        'aria-label="Classes that differ"><table><thead><tr><th scope="col">Original</th>'
        '<th scope="col">Converted</th><th scope="col" class=n>Rows</th></tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _range(values: Sequence[float]) -> tuple[float, float, bool]:
    """Lowest, highest, and whether a few huge numbers would squeeze all others together."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    middle = ordered[len(ordered) * 3 // 4] - ordered[len(ordered) // 4]
    return low, high, high - low > 50 * middle > 0


def _curve(value: float) -> float:
    return math.asinh(value)


def _axes(low: float, high: float) -> str:
    bottom, right = TOP + SIDE, LEFT + SIDE
    parts = [
        f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>',
        f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{bottom}"/>',
        f'<text x="{LEFT + SIDE / 2}" y="{bottom + 36}" text-anchor="middle">original</text>',
        f'<text x="12" y="{TOP + SIDE / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {TOP + SIDE / 2})">converted</text>',
    ]
    for value, anchor, x in ((low, "start", LEFT), (high, "end", right)):
        parts.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="{anchor}">{value:.3g}</text>')
    for value, y in ((low, bottom), (high, TOP + 8)):
        parts.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{value:.3g}</text>')
    return "".join(parts)
