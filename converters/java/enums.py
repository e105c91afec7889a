"""Renders the enum of text of which every value is known: a column's, or a model's classes."""

from __future__ import annotations

from importlib import resources
from string import Template

from converters.java.plan import Closed
from converters.java.text import string

IMPORTS = ("java.util.LinkedHashMap", "java.util.Map")


def render(closed: Closed, javadoc: str, column: str) -> str:
    """The enum as a nested class; errors call what it is the values of by its own name."""
    template = (resources.files("converters.java") / "templates/Enum.java").read_text("utf-8")
    constants = [f"    {name}({string(value)})" for value, name in closed.constants.items()]
    return Template(template).substitute(
        javadoc=javadoc,
        name=closed.name,
        constants=",\n".join(constants),
        column=string(f"`{column}`"),
    )
