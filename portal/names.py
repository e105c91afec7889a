"""Model names in addresses: MLflow lets them hold any character, slashes and dots included."""

from __future__ import annotations

from urllib.parse import unquote


class ModelName:
    """A path converter for names that round-trips every one of them.

    A slash inside a name would make `a/3` ambiguous (version 3 of `a`, or a model so named), and
    browsers fold a name of `..` away. Both are escaped once here, and once more by Django's
    `reverse`, so that a server that unquotes the path once still gives us the escaped form.
    """

    regex = r"[\s\S]+?"

    def to_python(self, value: str) -> str:
        """The name as upstream has it.

        Raises:
            ValueError: it holds a NUL, which no database text can.
        """
        name = unquote(value)
        if "\0" in name:
            raise ValueError("no model name holds a NUL")
        return name

    def to_url(self, value: str) -> str:
        """The escaped name, still to be quoted by `reverse`."""
        escaped = str(value).replace("%", "%25").replace("/", "%2F").replace("\\", "%5C")
        return escaped.replace(".", "%2E") if set(escaped) == {"."} else escaped
