"""What the generated Java costs over a bare call, and saves over what people write.

In one JVM and one session, in turn: a bare call with a direct buffer, ours in the caller's
own memory, `float[][]` with `getValue()`, and ours with records; the least of 60 rounds each.
"""

from __future__ import annotations

from pathlib import Path

from bench._figures import tell
from bench._generated import each

ROWS = ("1", "100", "10000")
DRIVER = Path(__file__).parent / "java" / "Overhead.java"
# How much slower than the bare call, how much faster than arrays (the logistic model from 100 on).
MOST_OVERHEAD, LEAST_GAIN = 1.05, 5.0


def main() -> int:
    """Measure both models and print the figures."""
    for kind, _, made in each(DRIVER):
        for line in made.java("Overhead", *ROWS).splitlines():
            rows, bare, batch, arrays, records = line.split()
            name = f"{kind}, {rows} rows"
            _tell(f"{name}: own memory", batch, "bare direct buffer", bare, MOST_OVERHEAD)
            fast = kind == "logistic" and int(rows) >= 100
            goal = 1 / LEAST_GAIN if fast else 1.0
            _tell(f"{name}: records", records, "float[][] and getValue()", arrays, goal)
    return 0


def _tell(figure: str, value: str, peer: str, other: str, goal: float) -> None:
    ratio = float(value) / float(other)
    about = f"{peer}: {other}"
    met = ratio <= goal
    tell(
        "java_overhead",
        figure,
        float(value),
        "us a call",
        peer=about,
        ratio=ratio,
        goal=goal,
        met=met,
    )


if __name__ == "__main__":
    raise SystemExit(main())
