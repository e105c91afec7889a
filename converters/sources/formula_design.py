"""What a formula makes of columns: a statistical model's terms, read from patsy's own description.

A formula is a text of Python that runs on the rows. Carried are columns, the intercept, categories
with any contrast, their interactions, and plain arithmetic; everything else is refused by name.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused

# Functions of numpy that are one operator, or are written out, in double.
FUNCTIONS = ("log", "exp", "sqrt", "log1p", "expm1", "abs", "sin", "cos", "tanh")
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.USub: "-",
    ast.UAdd: "+",
}


@dataclass(frozen=True)
class Number:
    """A numeric factor: arithmetic on columns as nested tuples.

    expression: ("column", name), ("number", value), (operator, left, right), (operator, one) or
        (function, one). A number is an int where the formula has it as one.
    """

    expression: tuple[Any, ...]


@dataclass(frozen=True)
class Category:
    """A categorical factor: what each category of a column becomes.

    contrasts: [categories, columns].
    """

    column: str
    categories: tuple[Any, ...]
    contrasts: npt.NDArray[np.float64]


Factor = Number | Category


@dataclass(frozen=True)
class Term:
    """One block of the design: the product of factors, the first one's columns fastest."""

    factors: tuple[Factor, ...]


def read(design: Any) -> tuple[Term, ...]:
    """The terms of a patsy DesignInfo, in the order of the model's parameters.

    Raises:
        Refused: `formula` for what is no plain arithmetic of columns.
    """
    if type(design).__name__ != "DesignInfo":
        raise Refused(
            "formula",
            f"The model's formula was read by {type(design).__module__.partition('.')[0]}, whose "
            "terms are not carried. Train it with patsy (statsmodels.formula.options), or give the "
            "model the finished columns.",
        )
    terms = []
    for subterms in design.term_codings.values():
        for subterm in subterms:
            factors = [_factor(design, one, subterm.contrast_matrices) for one in subterm.factors]
            terms.append(Term(tuple(factors)))
    return tuple(terms)


def columns(terms: tuple[Term, ...]) -> dict[str, list[Any]]:
    """The columns that the terms read, each with its categories, in the order of the terms."""
    found: dict[str, list[Any]] = {}
    for term in terms:
        for factor in term.factors:
            if isinstance(factor, Category):
                found[factor.column] = list(factor.categories)
            else:
                for name in _names(factor.expression):
                    found.setdefault(name, [])
    return found


def _names(expression: tuple[Any, ...]) -> list[str]:
    if expression[0] == "column":
        return [expression[1]]
    return [name for part in expression[1:] if isinstance(part, tuple) for name in _names(part)]


def _factor(design: Any, factor: Any, contrasts: Mapping[Any, Any]) -> Factor:
    info = design.factor_infos[factor]
    tree = ast.parse(factor.code, mode="eval").body
    if info.type == "categorical":
        column = _column(_inside(tree, "C"))
        if column is None:
            raise _refused(factor.code)
        matrix = np.asarray(contrasts[factor].matrix, np.float64)
        return Category(column, tuple(_plain(one) for one in info.categories), matrix)
    if info.num_columns != 1:
        raise _refused(factor.code)
    return Number(_expression(tree, factor.code))


def _plain(category: Any) -> Any:
    return category.item() if hasattr(category, "item") else category


def _inside(tree: ast.expr, function: str) -> ast.expr:
    """The first argument of a call of this function; anything else as it is."""
    called = isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)
    if called and tree.func.id == function and tree.args:  # type: ignore[attr-defined]
        return tree.args[0]  # type: ignore[attr-defined, no-any-return]
    return tree


def _column(tree: ast.expr) -> str | None:
    """The name of a column, written plainly or as Q("name")."""
    if isinstance(tree, ast.Name):
        return tree.id
    quoted = _inside(tree, "Q")
    if quoted is not tree and isinstance(quoted, ast.Constant) and isinstance(quoted.value, str):
        return quoted.value
    return None


def _expression(tree: ast.expr, code: str) -> tuple[Any, ...]:
    column = _column(tree)
    if column is not None:
        return ("column", column)
    inner = _inside(tree, "I")
    if inner is not tree:
        return _expression(inner, code)
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float):
        return ("number", tree.value)
    if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
        sides = _expression(tree.left, code), _expression(tree.right, code)
        return (OPERATORS[type(tree.op)], *sides)
    if isinstance(tree, ast.UnaryOp) and type(tree.op) in OPERATORS:
        return (OPERATORS[type(tree.op)], _expression(tree.operand, code))
    if isinstance(tree, ast.Call) and len(tree.args) == 1 and not tree.keywords:
        name = ast.unparse(tree.func)
        module, _, function = name.rpartition(".")
        if module in ("np", "numpy") and function in FUNCTIONS:
            return (function, _expression(tree.args[0], code))
    raise _refused(code)


def _refused(code: str) -> Refused:
    return Refused(
        "formula",
        f"The model's formula computes {code!r}, which is more than columns, categories and plain "
        f"arithmetic ({', '.join(FUNCTIONS)} of numpy). Compute it before the model, as a column "
        "of its own.",
    )
