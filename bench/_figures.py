"""A bench's figures, as lines of JSON on its output."""

from __future__ import annotations

import json
import sys


def tell(
    bench: str,
    figure: str,
    value: float,
    unit: str,
    *,
    peer: float | str | None = None,
    ratio: float | None = None,
    goal: float | None = None,
    met: bool | None = None,
) -> None:
    """Print one figure, rounded to thousandths.

    Args:
        peer: the other's figure in the same run, or what the other is.
        goal: what is asked of the value, or of the ratio where there is one; None: only printed.
    """
    line = {
        "bench": bench,
        "figure": figure,
        "value": round(value, 3),
        "unit": unit,
        "peer": round(peer, 3) if isinstance(peer, float) else peer,
        "ratio": None if ratio is None else round(ratio, 3),
        "goal": goal,
        "met": met,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
