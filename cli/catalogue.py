"""`crossport models`, `versions` and `show`: what a portal mirrors."""

from __future__ import annotations

import argparse
from typing import Any

from cli import config, names
from cli.client import Client
from cli.output import emit, facts, say, table

# Refusals that say which flavors a target is made of; a wrapper's other targets are among them.
FOREIGN = frozenset({"no_route", "unknown_flavor", "pyfunc_only"})
MARKS = {"can": "● can", "caveat": "◐ caveat", "cannot": "○ cannot"}


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Register the commands of this module."""
    models = commands.add_parser("models", parents=[shared], help="find registered models")
    models.add_argument("query", nargs="?", default="", metavar="QUERY", help="words to look for")
    models.add_argument("--source", default="", help="only this source")
    models.add_argument("--flavor", default="", help="only models of this flavor")
    models.add_argument("--tag", default="", metavar="KEY:VALUE", help="only models with this tag")
    models.add_argument("--exportable", default="", metavar="TARGET", help="only what can be it")
    _limit(models)
    models.set_defaults(run=_models)
    versions = commands.add_parser("versions", parents=[shared], help="list a model's versions")
    versions.add_argument("model", metavar="MODEL", help="[SOURCE/]MODEL")
    _limit(versions)
    versions.set_defaults(run=_versions)
    show = commands.add_parser(
        "show", parents=[shared], help="show a model, or a version and what it can become"
    )
    show.add_argument("model", metavar="MODEL", help="[SOURCE/]MODEL[/VERSION or @ALIAS]")
    show.set_defaults(run=_show)


def _limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_count, default=50, help="how many at most (50)")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _models(arguments: argparse.Namespace) -> int:
    client = Client(config.current())
    found = list(
        client.pages(
            "models/",
            arguments.limit + 1,
            q=arguments.query,
            source=arguments.source,
            flavor=arguments.flavor,
            tag=arguments.tag,
            exportable=arguments.exportable,
        )
    )
    shown = found[: arguments.limit]
    if arguments.json:
        emit(shown)
    elif shown:
        rows = [
            (f"{m['source']}/{m['name']}", m["latest_version"], _aliases(m), _day(m["updated_at"]))
            for m in shown
        ]
        table(("MODEL", "LATEST", "ALIASES", "CHANGED"), rows)
    else:
        say("No model matches.")
    if len(found) > len(shown):
        say(f"There are more than {arguments.limit}; ask for more with --limit, or narrow it down.")
    return 0


def _versions(arguments: argparse.Namespace) -> int:
    client = Client(config.current())
    model = names.find_model(client, names.parse(arguments.model))
    found = list(client.pages(f"models/{model['id']}/versions/", arguments.limit))
    if arguments.json:
        emit(found)
    else:
        _version_table(found)
    return 0


def _version_table(found: list[Any]) -> None:
    heads = ("VERSION", "ALIASES", "STAGE", "FLAVORS", "CREATED")
    table(
        heads,
        [
            (
                version["version"],
                ", ".join(version["aliases"]),
                version["stage"],
                ", ".join(flavor for flavor in version["flavors"] if flavor != "python_function"),
                _day(version["created_at"]),
            )
            for version in found
        ],
    )


def _show(arguments: argparse.Namespace) -> int:
    client, name = Client(config.current()), names.parse(arguments.model)
    if name.version or name.alias:
        version = names.find_version(client, name)
        verdicts = client.get(f"versions/{version['id']}/preflight/")
        return _show_version(version, verdicts, arguments.json)
    model = names.find_model(client, name)
    found = list(client.pages(f"models/{model['id']}/versions/", 50))
    if arguments.json:
        emit({**model, "versions": found})
        return 0
    facts(
        [
            ("model", f"{model['source']}/{model['name']}"),
            ("about", model["description"]),
            ("tags", _tags(model["tags"])),
            ("aliases", _aliases(model)),
            ("gone", model["gone_at"]),
        ]
    )
    print()
    _version_table(found)
    return 0


def _show_version(version: Any, verdicts: list[Any], as_json: bool) -> int:
    if as_json:
        emit({**version, "preflight": verdicts})
        return 0
    signature = version["signature"] or {"columns": [], "tensor": None}
    tensor = signature["tensor"]
    facts(
        [
            ("version", f"{version['source']}/{version['model']}/{version['version']}"),
            ("about", version["description"]),
            ("aliases", ", ".join(version["aliases"])),
            ("stage", version["stage"]),
            ("tags", _tags(version["tags"])),
            ("flavors", ", ".join(version["flavors"])),
            ("run", version["run_id"]),
            ("columns", ", ".join(f"{c['name']}: {c['type']}" for c in signature["columns"])),
            ("tensor", f"{tensor['dtype']} {tensor['shape']}" if tensor else ""),
            ("problem", version["mlmodel_problem"]),
        ]
    )
    print()
    verdict_table(verdicts)
    return 0


DEPTHS = {
    "mlmodel": "Told from the MLmodel file alone; the model's own files may say more.",
    "files": "Told from the MLmodel and the model's files; nothing was loaded.",
}


def verdict_table(verdicts: list[Any]) -> None:
    """Pre-flight's answers, one target a line; those of other flavors in one line, on stdout."""
    foreign = [verdict for verdict in verdicts if _is_foreign(verdict)]
    # Where nothing is left the first one's sentence says why, and what to do instead.
    shown = [verdict for verdict in verdicts if verdict not in foreign] or foreign[:1]
    rest = [verdict["target"] for verdict in foreign if verdict not in shown]
    rows = [(v["target"], MARKS[v["answer"]], v["sentence"]) for v in shown]
    table(("TARGET", "ANSWER", "WHY"), rows)
    if rest:
        print(f"\nNot made from {foreign[0]['flavor'] or 'such models'}: {', '.join(rest)}")
    print(f"\n{DEPTHS[verdicts[0].get('depth', 'mlmodel')]}")


def _is_foreign(verdict: Any) -> bool:
    """Whether this target is made of other flavors only."""
    return verdict["answer"] == "cannot" and verdict["code"] in FOREIGN


def _aliases(model: Any) -> str:
    return ", ".join(f"{alias} → {version}" for alias, version in model["aliases"].items())


def _tags(tags: dict[str, str]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in tags.items())


def _day(moment: str | None) -> str:
    return (moment or "")[:10]
