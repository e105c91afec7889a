"""How pages write times, sizes, durations and addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.models import ModelVersion, RegisteredModel

register = template.Library()

UNITS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3600, "hour"))
MARKS = {
    "can": "●",
    "caveat": "◐",
    "cannot": "○",
    "queued": "○",
    "pending": "○",
    "running": "◐",
    "succeeded": "✔",
    "done": "✔",
    "passed": "✔",
    "skipped": "-",
    "not_checked": "◐",
    "refused": "✕",
    "failed": "✕",
    "crashed": "✕",
    "cancelled": "-",
}


@register.filter
def ago(moment: datetime | None) -> str | SafeString:
    """`3 hours ago` with the exact time as title; an em dash where there is none."""
    if moment is None:
        return "—"
    exact = moment.astimezone(timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        exact.strftime("%Y-%m-%d %H:%M:%S %Z"),
        _relative((timezone.now() - moment).total_seconds()),
    )


def _relative(seconds: float) -> str:
    for size, unit in (*UNITS, (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


@register.filter
def size(count: int) -> str:
    """Bytes as people read them: `1.2 MB` (10^6 bytes)."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{count} B"


@register.filter
def took(thing: Any) -> str:
    """How long from `started_at` to `finished_at`: `63 ms`, `2.4 s`, `3 min 5 s`."""
    if not thing.started_at or not thing.finished_at:
        return ""
    seconds = (thing.finished_at - thing.started_at).total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


@register.filter
def error(value: float) -> str:
    """A measured difference with two digits: `3.3e-16`, `0`."""
    return "0" if not value else f"{value:.2g}"


@register.filter
def mark(state: str) -> str:
    """The shape that goes with a verdict's or a state's word."""
    return MARKS.get(str(state), "")


@register.filter
def words(code: str) -> str:
    """`not_checked` as `not checked`."""
    return str(code).replace("_", " ")


@register.filter
def model_url(model: RegisteredModel) -> str:
    """The page of a model."""
    return reverse("model", args=[model.source.slug, model.name])


@register.filter
def version_url(version: ModelVersion) -> str:
    """The page of a version."""
    model = version.model
    return reverse("version", args=[model.source.slug, model.name, version.number])


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: object) -> str:
    """The address's query string with these changed, an empty one removed, back on page one."""
    request = context["request"]
    asked = request.GET.copy()
    asked.pop("after", None)
    for name, value in changes.items():
        if value in ("", None):
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return f"?{asked.urlencode()}"
