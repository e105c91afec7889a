"""`crossport export`: a build's one line against a portal."""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import Any

from cli import config, names
from cli.client import Client
from cli.outcomes import Crash, Misuse, Refusal, Unreachable
from cli.output import emit, facts, say, size

POLL_SECONDS = 2
# A build outlives a portal that restarts: this many polls in a row may fail.
PATIENCE = 10
LIVE = frozenset({"queued", "running"})
MARKS = {"done": "✔", "failed": "✕", "skipped": "○", "running": "…"}


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Register the command of this module."""
    export = commands.add_parser(
        "export",
        parents=[shared],
        help="have a portal export a version",
        description="Asks a portal for an export; the same request twice is the same export.",
    )
    export.add_argument("model", metavar="MODEL/VERSION", help="[SOURCE/]MODEL/VERSION or @ALIAS")
    export.add_argument(
        "--target", required=True, help="what it becomes: onnx, pmml, torchscript …"
    )
    export.add_argument("--inputs", choices=["auto", "columns", "tensor"], help="how inputs arrive")
    export.add_argument("--opset", type=int, help="ONNX opset; the route's own choice if left out")
    export.add_argument(
        "--tolerance",
        type=float,
        metavar="X",
        help="how far numbers may be off; administrators only",
    )
    export.add_argument("--profile", help="where the bundle must run; java-cpu if left out")
    export.add_argument("--wait", action="store_true", help="until it has ended; tells the steps")
    export.add_argument(
        "--output-dir", type=Path, metavar="DIR", help="download the bundle here; implies --wait"
    )
    export.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> int:
    client = Client(config.current())
    export = client.post("exports/", _request(client, arguments))
    say(f"Export {export['id']}: {client.url}/exports/{export['id']}/")
    saved = None
    if arguments.wait or arguments.output_dir:
        export = _wait(client, export)
        _judge(export)
        if arguments.output_dir:
            saved = _download(client, export["bundle"]["id"], arguments.output_dir)
    if arguments.json:
        emit({**export, "file": str(saved) if saved else None})
        return 0
    facts(
        [
            ("export", export["id"]),
            ("state", export["state"]),
            ("bundle", export["bundle"] and f"{client.url}/bundles/{export['bundle']['id']}/"),
            ("file", saved),
        ]
    )
    return 0


def _request(client: Client, arguments: argparse.Namespace) -> dict[str, Any]:
    name = names.parse(arguments.model)
    if not (name.version or name.alias):
        raise Misuse(f"{arguments.model!r} names no version; write MODEL/VERSION or MODEL@ALIAS")
    source = name.source or names.find_model(client, name)["source"]
    which = {"version": name.version} if name.version else {"alias": name.alias}
    chosen = {
        "inputs": arguments.inputs,
        "opset": arguments.opset,
        "tolerance": arguments.tolerance,
    }
    body: dict[str, Any] = {
        "ref": {"source": source, "model": name.model, **which},
        "target": arguments.target,
        "options": {key: value for key, value in chosen.items() if value is not None},
    }
    return body | ({"profile": arguments.profile} if arguments.profile else {})


def _wait(client: Client, export: Any) -> Any:
    """Poll until the export has ended, telling each change of a step on stderr."""
    told: dict[str, str] = {}
    failures = 0
    while True:
        _tell(export, told)
        if export["state"] not in LIVE:
            return export
        begun = time.monotonic()
        try:
            export = client.get(f"exports/{export['id']}/", wait=POLL_SECONDS)
            failures = 0
            if export["state"] in LIVE:  # a portal where many wait answers at once
                time.sleep(max(0.0, POLL_SECONDS - (time.monotonic() - begun)))
        except Unreachable as problem:
            failures += 1
            if failures > PATIENCE:
                raise
            say(f"{problem.sentence} Trying again.")
            time.sleep(POLL_SECONDS)


def _tell(export: Any, told: dict[str, str]) -> None:
    for step in export["steps"]:
        key, state = f"{export['attempt']}.{step['name']}", step["state"]
        if state in MARKS and told.get(key) != state:
            detail = f"  {step['detail']}" if step["detail"] else ""
            say(f"  {MARKS[state]} {step['name']} {state}{detail}")
        told[key] = state


def _judge(export: Any) -> None:
    """Say no where the export did.

    Raises:
        Refusal: it was refused or cancelled.
        Crash: it crashed.
    """
    if export["state"] == "refused":
        raise Refusal(export["code"], export["sentence"])
    if export["state"] == "cancelled":
        raise Refusal("cancelled", f"Export {export['id']} was cancelled.")
    if export["state"] == "crashed":
        raise Crash(export["code"], export["sentence"])


def _download(client: Client, bundle_id: int, folder: Path) -> Path:
    """The bundle's archive in `folder`, whole and with the sum that the portal names.

    Raises:
        Crash: what arrived has another sum.
    """
    bundle = client.get(f"bundles/{bundle_id}/")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(bundle["file_name"]).name
    aside = target.with_name(target.name + ".part")
    try:
        client.download(f"bundles/{bundle_id}/download/", aside)
        with aside.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != bundle["sha256"]:
            raise Crash(
                "wrong_sum",
                f"What arrived of {target.name} has sha256 {found}, the portal names "
                f"{bundle['sha256']}; nothing was kept. Try again.",
            )
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    say(f"{target}, {size(bundle['size'])}")
    return target
