"""The page of one model version: what it is, what it can become, and asking for an export."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from converters import catalog
from converters.preflight import Answer, Verdict, nowhere
from portal import queries
from portal.signature_table import signature_table
from portal.verdicts import verdicts
from registry.models import ModelVersion
from workers import dispatch, readings
from workers.models import Bundle, Export, ReadingState


@dataclass(frozen=True)
class Becoming:
    """One target's line: verdict, newest bundle and export, and why a request was refused."""

    target: catalog.Target
    verdict: Verdict
    bundle: Bundle | None
    export: Export | None
    refusal: dispatch.Refused | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, source: str, name: str, number: int) -> HttpResponse:
    """The version; a POST with `target` and options asks for that export."""
    found = find_version(source, name, number)
    if request.method != "POST":
        return _page(request, found)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    target = request.POST.get("target", "")
    try:
        export, _ = dispatch.request_export(found, target, _options(request), user=request.user)
    except dispatch.Refused as refusal:
        return _page(request, found, target, refusal)
    return redirect("export", pk=export.pk)


def find_version(source: str, name: str, number: int) -> ModelVersion:
    """The version of this number.

    Raises:
        Http404: there is none.
    """
    # PostgreSQL's integers end there; a larger number in an address is nobody's version.
    rows = queries.versions().filter(model__source__slug=source, model__name=name)
    found = rows.filter(number=number).first() if number < 2**31 else None
    if found is None:
        raise Http404(f"{source} / {name} has no version {number} in the mirror.")
    return found


def _options(request: HttpRequest) -> dict[str, Any]:
    opset = request.POST.get("opset", "").strip()
    number = int(opset) if opset.isascii() and opset.isdecimal() and len(opset) < 4 else None
    options: dict[str, Any] = {"inputs": request.POST.get("inputs", "auto")}
    if opset:
        options["opset"] = number if number is not None else opset
    if tolerance := request.POST.get("tolerance", "").strip():
        try:
            options["tolerance"] = float(tolerance)
        except ValueError:
            options["tolerance"] = tolerance  # refused in words where options are read
    return options


def _page(
    request: HttpRequest,
    found: ModelVersion,
    asked: str = "",
    refusal: dispatch.Refused | None = None,
) -> HttpResponse:
    bundles = list(queries.bundles().filter(version=found))
    exports = list(queries.exports().filter(version=found)[:20])
    reading = readings.reading_of(found)
    lines = []
    for verdict in verdicts(found, reading):
        target = catalog.target(verdict.target)
        if target is None:
            continue
        bundle = next((row for row in bundles if row.target == target.name), None)
        export = next((row for row in exports if row.target == target.name), None)
        mine = refusal if asked == target.name else None
        lines.append(Becoming(target, verdict, bundle, export, mine))
    # Of so many targets most belong to other flavors; they stand apart, with their reasons.
    nothing = _nothing(found, lines)
    foreign = [line for line in lines if _is_foreign(line)]
    lines = [line for line in lines if line not in foreign]
    shown = next((row for row in bundles if row.target == "onnx"), None) or next(
        iter(bundles), None
    )
    context = {
        "version": found,
        "model": found.model,
        "reading": reading,
        "waits": reading.state == ReadingState.PENDING and bool(found.mlmodel and settings.READ_MB),
        "lines": [] if nothing else lines,
        "foreign": foreign,
        "nothing": nothing,
        "refusal": refusal if not any(line.refusal for line in lines) else None,
        "exports": exports,
        "table": signature_table(found, shown),
        "outputs": shown.manifest.get("outputs", []) if shown else [],
        "declared": _declared_outputs(found),
        "inputs_choices": dispatch.INPUTS,
    }
    return render(request, "version.html", context, status=422 if refusal else 200)


def _is_foreign(line: Becoming) -> bool:
    """Whether this target is made of other flavors only, and nobody has asked for it here."""
    verdict = line.verdict
    routed = not verdict.flavor or catalog.route(verdict.flavor, verdict.target) is not None
    return not (routed or line.refusal or line.bundle or line.export)


def _nothing(found: ModelVersion, lines: list[Becoming]) -> str:
    """The one sentence that says all, where a version can become nothing for one reason."""
    if any(line.refusal or line.bundle or line.export for line in lines):
        return ""
    said = {line.verdict.sentence for line in lines if line.verdict.answer is Answer.CANNOT}
    everywhere = all(line.verdict.answer is Answer.CANNOT for line in lines)
    if everywhere and len(said) == 1:
        return said.pop()
    return nowhere(found.mlmodel) if all(_is_foreign(line) for line in lines) else ""


def _declared_outputs(found: ModelVersion) -> list[dict[str, str]]:
    """The outputs as the signature declares them, which MLflow does not hold anyone to."""
    signature = found.mlmodel.get("signature")
    raw = signature.get("outputs") if isinstance(signature, dict) else None
    try:
        outputs = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError):
        return []
    if not isinstance(outputs, list):
        return []
    rows = []
    for at, spec in enumerate(outputs):
        if isinstance(spec, dict):
            tensor = spec.get("tensor-spec")
            kind = _declared_tensor(tensor) if isinstance(tensor, dict) else spec.get("type")
            rows.append({"name": str(spec.get("name") or f"output {at + 1}"), "kind": str(kind)})
    return rows


def _declared_tensor(spec: dict[str, Any]) -> str:
    shape = spec.get("shape")
    sizes = shape if isinstance(shape, list) else []
    text = ", ".join("N" if size == -1 else str(size) for size in sizes)
    return f"{spec.get('dtype')}[{text}]"
