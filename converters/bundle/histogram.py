"""The histogram of an output's errors as SVG, and the same numbers as a table behind it."""

from __future__ import annotations

import math
from html import escape

from converters.contract import OutputParity

FIRST_DECADE = -18
BAR, GAP, LEFT, TOP, HEIGHT = 26, 4, 46, 18, 120
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def histogram(parity: OutputParity, values: int, limit: float, how: str) -> str:
    """A bar a decade from 1e-18 up, one for equal values before them, and the limit as a line.

    values: how many numbers were compared. limit: the tolerance in the histogram's own measure.
    """
    counts = [_equal(parity, values), *parity.histogram]
    width = LEFT + len(counts) * (BAR + GAP) + 16
    bottom = TOP + HEIGHT
    most = max([*counts, 1])
    bars = "".join(_bar(i, count, most) for i, count in enumerate(counts))
    labels = "".join(_tick(i) for i in range(len(counts)))
    line = _limit(limit) if limit > 0 else ""
    title = f"Errors of {parity.name}: {how}, counted by powers of ten"
    return (
        f'<figure><svg viewBox="0 0 {width} {bottom + 40}" width="{width}" role="img" '
        f'aria-label="{escape(title)}">'
        f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{width - 12}" y2="{bottom}"/>'
        f"{bars}{line}{labels}</svg>"
        f"<figcaption>How many of {values:,} numbers are off by how much ({escape(how)}). Heights "
        "are logarithmic.</figcaption></figure>"
    )


def histogram_table(parity: OutputParity, values: int) -> str:
    """The same counts as text, for screen readers and for copying."""
    rows = [("equal", _equal(parity, values))]
    for i, count in enumerate(parity.histogram):
        if count:
            rows.append((f"{_power(FIRST_DECADE + i)} to {_power(FIRST_DECADE + i + 1)}", count))
    body = "\n".join(
        f'<tr><th scope="row">{name}</th><td class=n>{count:,}</td></tr>' for name, count in rows
    )
    return (
        "<details><summary>The same as a table</summary>\n<table><thead><tr>"
        '<th scope="col">Error</th><th scope="col" class=n>Numbers</th></tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></details>"
    )


def _equal(parity: OutputParity, values: int) -> int:
    return max(0, values - sum(parity.histogram) - parity.nan_mismatches)


def _bar(i: int, count: int, most: int) -> str:
    if not count:
        return ""
    height = max(3.0, HEIGHT * math.log1p(count) / math.log1p(most))
    x, y = LEFT + i * (BAR + GAP), TOP + HEIGHT - height
    return (
        f'<rect x="{x}" y="{y:.1f}" width="{BAR}" height="{height:.1f}" rx="2"/>'
        f'<text class="count" x="{x + BAR / 2:g}" y="{y - 4:.1f}">{_short(count)}</text>'
    )


def _tick(i: int) -> str:
    if i == 0:
        text, x = "equal", LEFT + BAR / 2
    elif i > 1 and i % 3 == 1:  # the first one would stand under "equal"
        # A decade's lower end stands under the left edge of its bar.
        text, x = _power(FIRST_DECADE + i - 1), LEFT + i * (BAR + GAP) - GAP / 2
    else:
        return ""
    return f'<text class="tick" x="{x:g}" y="{TOP + HEIGHT + 16}">{text}</text>'


def _limit(limit: float) -> str:
    at = 1 + math.log10(limit) - FIRST_DECADE
    x = LEFT + at * (BAR + GAP) - GAP / 2
    return (
        f'<line class="limit" x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{TOP + HEIGHT + 22}"/>'
        f'<text class="allowed" x="{x:.1f}" y="{TOP + HEIGHT + 34}">allowed {limit:.0e}</text>'
    )


def _short(count: int) -> str:
    if count < 1000:
        return str(count)
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count / 1000:.1f}k"


def _power(exponent: int) -> str:
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"
