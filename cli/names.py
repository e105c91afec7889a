"""How people name a model on the command line, and what the portal has under that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.client import Client
from cli.outcomes import Misuse, Refusal


@dataclass(frozen=True)
class Name:
    """`[SOURCE/]MODEL[/VERSION|@ALIAS]`; empty where left out."""

    model: str
    source: str = ""
    version: str = ""
    alias: str = ""


def parse(text: str) -> Name:
    """Read a name; a number behind the last slash is a version.

    Raises:
        Misuse: it has too many parts, or an empty one.
    """
    rest, at, alias = text.partition("@")
    parts = rest.split("/")
    if (at and not alias) or not all(parts) or len(parts) > 3:
        raise Misuse(f"{text!r} is no model's name; write [SOURCE/]MODEL[/VERSION or @ALIAS]")
    version = ""
    if len(parts) == 3 or (len(parts) == 2 and not alias and parts[1].isdecimal()):
        version = parts.pop()
    if version and (alias or not version.isdecimal()):
        raise Misuse(f"{text!r} names no version; a version is a number, an alias follows an @")
    source = parts.pop(0) if len(parts) == 2 else ""
    return Name(model=parts[0], source=source, version=version, alias=alias)


def find_model(client: Client, name: Name) -> Any:
    """The one registered model of this name.

    Raises:
        Refusal: there is none, or several sources have one.
    """
    found = list(client.pages("models/", 20, name=name.model, source=name.source))
    if not found:
        where = f" in source {name.source!r}" if name.source else ""
        raise Refusal(
            "not_found",
            f"There is no model {name.model!r}{where}; `crossport models` lists what there is.",
        )
    if len(found) > 1:
        sources = ", ".join(f"{model['source']}/{model['name']}" for model in found)
        raise Refusal(
            "ambiguous_model", f"Several sources have a model {name.model!r}: say {sources}."
        )
    return found[0]


def find_version(client: Client, name: Name) -> Any:
    """The version that a name with a version or an alias means, in full.

    Raises:
        Refusal: there is no such model, version or alias.
    """
    model = find_model(client, name)
    path = f"models/{model['id']}/versions/"
    found = list(client.pages(path, 1, version=name.version, alias=name.alias))
    if not found:
        what = f"version {name.version}" if name.version else f"alias {name.alias!r}"
        raise Refusal("not_found", f"Model {model['source']}/{model['name']} has no {what}.")
    return client.get(f"versions/{found[0]['id']}/")
