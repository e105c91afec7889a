"""Exports: the list, and one export as it runs, waits, ends or was refused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from converters import catalog, contract
from portal import downloads, paging, queries
from workers import dispatch
from workers.models import Export, Job, JobState, Step
from workers.reports import JobReport

# Refusals whose cure is on the side of parity rather than of the model's declaration.
ADVICE = {
    "parity": "Export with inputs = columns, or compare the worst rows below with the training "
    "code: custom steps and rounding there are the usual cause.",
    "no_signature": "Log the model again with signature=infer_signature(X, model.predict(X)).",
}
LOG_TAIL = 60_000


@require_safe
def exports(request: HttpRequest) -> HttpResponse:
    """Exports, newest first, of one state where asked."""
    state = request.GET.get("state", "")
    rows = queries.exports()
    if state in JobState.values:
        rows = queries.in_state(rows, state)
    page = paging.by_id(request, rows)
    context = {"page": page, "states": JobState.values, "state": state}
    return render(request, "exports.html", context)


@never_cache
@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """One export; htmx asks for its live part alone while it is not final."""
    found = find_export(pk)
    htmx: Any = getattr(request, "htmx", None)
    page = "parts/export_live.html" if htmx and htmx.target == "live" else "export.html"
    return render(request, page, _context(found))


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the newest job to end."""
    found = find_export(pk)
    job = newest(found)
    try:
        if job is not None:
            dispatch.cancel(job)
    except dispatch.NotNow as problem:
        messages.warning(request, problem.sentence)
    return redirect("export", pk=found.pk)


@login_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Another job for an export that ended without a verdict on the model."""
    found = find_export(pk)
    try:
        dispatch.retry(found, request.user)
    except (dispatch.NotNow, dispatch.Refused) as problem:
        messages.warning(request, problem.sentence)
    return redirect("export", pk=found.pk)


@require_safe
def parity(request: HttpRequest, pk: int) -> HttpResponse:
    """The comparison as a page of its own, with pictures."""
    found = find_export(pk)
    report = _report(newest(found))
    bundle = max(found.bundles.all(), key=lambda row: row.pk, default=None)
    page = downloads.parity_page(bundle, report.page if report else "")
    if page is None:
        raise Http404(f"Export {pk} was not compared, so there is no report.")
    return page


def find_export(pk: int) -> Export:
    """The export of this number.

    Raises:
        Http404: there is none.
    """
    found = queries.exports().filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404(f"There is no export {pk}.")
    return found


def newest(found: Export) -> Job | None:
    """The job that speaks for an export, from the prefetched rows."""
    return max(found.jobs.all(), key=lambda job: job.pk, default=None)


def _context(found: Export) -> dict[str, Any]:
    job = newest(found)
    report = _report(job)
    judged = report.judge if report else None
    parity = judged.parity if judged else []
    bundle = max(found.bundles.all(), key=lambda row: row.pk, default=None)
    return {
        "export": found,
        "version": found.version,
        "model": found.version.model,
        "target": catalog.target(found.target),
        "job": job,
        "steps": _steps(job),
        "bundle": bundle,
        "ahead": queries.waiting_before(job) if job and job.state == JobState.QUEUED else 0,
        "can_retry": job is not None and job.is_final and dispatch.worth_another(job),
        "parity": parity,
        "worst": [(output, row) for output in parity for row in output.worst][:12],
        "report": report,
        "pictured": bool(report and report.page) or bundle is not None,
        "advice": _advice(job),
        "log": job.log[-LOG_TAIL:] if job else "",
        "earlier": [row for row in found.jobs.all() if job and row.pk != job.pk],
        "options": [(name, value) for name, value in found.options.items() if value],
    }


def _steps(job: Job | None) -> list[Step]:
    """The steps of the newest attempt that has any."""
    steps = list(job.steps.all()) if job else []
    last = max((step.attempt for step in steps), default=0)
    return [step for step in steps if step.attempt == last]


def _report(job: Job | None) -> JobReport | None:
    if job is None or not job.report:
        return None
    try:
        return JobReport.from_json(job.report)
    except contract.ContractError:
        return None  # written by another release; the sentence and the log still show


def _advice(job: Job | None) -> str:
    if job is None or job.state != JobState.REFUSED:
        return ""
    known = [text for code, text in ADVICE.items() if job.code.startswith(code)]
    return known[0] if known else ""
