"""Elementary functions in double, from the few that ONNX Runtime computes in double.

It has no double kernel for tan, the inverse and hyperbolic functions, erf and others. Each formula
here keeps its relative accuracy near the zeros of its function; all are within a few units in the
last place. Sources: W. Kahan's log1p and expm1 ("Interval arithmetic options", 1981), N. Higham,
"Accuracy and Stability of Numerical Algorithms", section 1.14; M. Abramowitz and I. Stegun,
chapter 4.
"""

from __future__ import annotations

import math

from converters.onnx_graph.formula import Formula

LARGE = 1e8
REDUCED = 1e6
# pi / 2 as two numbers of 33 bits, whose products with whole numbers up to 1e6 are exact, and rest.
HALF_PI = (1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21)


def log1p(x: Formula) -> Formula:
    """log(1 + x): the rounding of 1 + x is taken back out of the logarithm."""
    grown = x + 1.0
    raw = grown.call("Log")
    mended = raw * (x / (grown - 1.0))
    found = grown.equals(1.0).where(x, mended)
    return grown.is_inf().where(raw, found)


def expm1(x: Formula) -> Formula:
    """exp(x) - 1."""
    grown = x.call("Exp")
    less = grown - 1.0
    mended = less * (x / grown.call("Log"))
    found = grown.equals(1.0).where(x, mended)
    far = less.equals(-1.0) | grown.is_inf()
    return far.where(less, found)


def sign(x: Formula) -> Formula:
    """-1, 0 or 1; NaN stays NaN."""
    return x.is_nan().where(x, x.call("Sign"))


def signed(x: Formula, size: Formula) -> Formula:
    """`size` with the sign of x."""
    return (x < 0.0).where(-size, size)


def sinh(x: Formula) -> Formula:
    """Hyperbolic sine; half the exponential twice where it alone would overflow."""
    size = x.call("Abs")
    less = expm1((size > 20.0).where(0.0, size))
    near = (less + less / (less + 1.0)) * 0.5
    return signed(x, (size > 20.0).where(_half_exp(size), near))


def cosh(x: Formula) -> Formula:
    """Hyperbolic cosine."""
    size = x.call("Abs")
    grown = (size > 20.0).where(0.0, size).call("Exp")
    near = (grown + 1.0 / grown) * 0.5
    return (size > 20.0).where(_half_exp(size), near)


def _half_exp(size: Formula) -> Formula:
    """exp(x) / 2 without overflow on the way."""
    root = (size * 0.5).call("Exp")
    return (root * 0.5) * root


def _turned(x: Formula) -> tuple[Formula, Formula, Formula, Formula]:
    """Sine and cosine of x less quarter turns, and how many: is it odd, are two left over.

    The runtime's own are right to 5e-16 absolutely, which near their zeros is nothing. pi / 2 is
    subtracted in three parts (W. Cody and W. Waite, "Software manual", 1980), exactly up to 1e6.
    """
    turns = (x * (2 / math.pi)).call("Round")
    turns = ((x.call("Abs") > REDUCED) | x.is_nan()).where(0.0, turns)
    rest = x
    for part in HALF_PI:
        rest = rest - turns * part
    odd = turns - (turns * 0.5).call("Floor") * 2.0
    over = (turns * 0.5).call("Floor")
    flipped = over - (over * 0.5).call("Floor") * 2.0
    return rest.call("Sin"), rest.call("Cos"), odd > 0.5, flipped > 0.5


def sin(x: Formula) -> Formula:
    """Sine, also near its zeros."""
    sine, cosine, odd, flipped = _turned(x)
    found = odd.where(cosine, sine)
    return flipped.where(-found, found)


def cos(x: Formula) -> Formula:
    """Cosine, also near its zeros."""
    sine, cosine, odd, flipped = _turned(x)
    found = odd.where(-sine, cosine)
    return flipped.where(-found, found)


def tan(x: Formula) -> Formula:
    """sin / cos."""
    sine, cosine, odd, _ = _turned(x)
    return odd.where(-(cosine / sine), sine / cosine)


def arctan(x: Formula) -> Formula:
    """The runtime's float arctan, corrected by one exact step of rotation.

    With y near arctan(w), the rest is arctan((w cos y - sin y) / (cos y + w sin y)), so small that
    two terms of its series are exact in double.
    """
    size = x.call("Abs")
    inverse = 1.0 / size
    far = size > 1.0
    w = far.where(inverse, size)
    rough = w.cast("float32").call("Atan").cast("float64")
    sine, cosine = rough.call("Sin"), rough.call("Cos")
    rest = (w * cosine - sine) / (cosine + w * sine)
    near = rough + (rest - rest * rest * rest * (1.0 / 3.0))
    return signed(x, far.where(math.pi / 2 - near, near))


def arcsin(x: Formula) -> Formula:
    """arctan(x / sqrt(1 - x²)); NaN outside of -1 … 1."""
    return arctan(x / ((1.0 - x) * (x + 1.0)).call("Sqrt"))


def arccos(x: Formula) -> Formula:
    """2 arctan(sqrt((1 - x) / (1 + x))); NaN outside of -1 … 1."""
    return arctan(((1.0 - x) / (x + 1.0)).call("Sqrt")) * 2.0


def arcsinh(x: Formula) -> Formula:
    """log(x + sqrt(x² + 1)), written for log1p."""
    size = x.call("Abs")
    far = size > LARGE
    near = far.where(0.0, size)
    square = near * near
    found = log1p(near + square / ((square + 1.0).call("Sqrt") + 1.0))
    return signed(x, far.where(size.call("Log") + math.log(2), found))


def arccosh(x: Formula) -> Formula:
    """log(x + sqrt(x² - 1)), written for log1p; NaN below 1."""
    far = x > LARGE
    more = far.where(0.0, x) - 1.0
    found = log1p(more + (more * 2.0 + more * more).call("Sqrt"))
    return (x < 1.0).where(math.nan, far.where(x.call("Log") + math.log(2), found))


def arctanh(x: Formula) -> Formula:
    """log((1 + x) / (1 - x)) / 2, written for log1p; NaN outside of -1 … 1."""
    size = x.call("Abs")
    return signed(x, log1p(size * 2.0 / (1.0 - size)) * 0.5)


def cbrt(x: Formula) -> Formula:
    """Cube root by logarithms, and one step of Newton's."""
    size = x.call("Abs")
    rough = (size.call("Log") * (1.0 / 3.0)).call("Exp")
    found = rough - (rough - size / (rough * rough)) * (1.0 / 3.0)
    plain = size.equals(0.0) | size.is_inf()
    return plain.where(x, signed(x, found))


def expit(x: Formula) -> Formula:
    """1 / (1 + exp(-x))."""
    return 1.0 / ((-x).call("Exp") + 1.0)


def logit(x: Formula) -> Formula:
    """log(p / (1 - p)), by log1p where p is near a half."""
    near = (x > 0.3) & (x < 0.65)
    plain = (x / (1.0 - x)).call("Log")
    shift = (x - 0.5) * 2.0
    return near.where(log1p(shift) - log1p(-shift), plain)


def trunc(x: Formula) -> Formula:
    """Towards zero."""
    return (x < 0.0).where(x.call("Ceil"), x.call("Floor"))
