"""Registry sources: how each one's mirror stands; staff connect more and ask for a sync."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal import queries
from registry.connectors import SourceProblem
from registry.sources import add_source
from workers.queues import wake_sync


class NewSource(forms.Form):
    """An MLflow server to mirror."""

    slug = forms.SlugField(label="Name", max_length=60, help_text="Stands in every address: prod")
    url = forms.URLField(
        label="Tracking URL",
        max_length=500,
        assume_scheme="https",
        help_text="https://mlflow.example.com",
    )
    maven_group = forms.CharField(
        label="Maven group", max_length=120, initial="models", help_text="com.example.models"
    )
    username = forms.CharField(
        label="User name",
        max_length=200,
        required=False,
        help_text="Empty: the password is a token",
    )
    password = forms.CharField(
        label="Password or token",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted, never shown again",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: HttpRequest) -> HttpResponse:
    """The list; a POST by staff connects another source and has it mirrored."""
    form = NewSource(request.POST or None)
    if request.method == "POST":
        _staff_only(request)
        if form.is_valid():
            try:
                source = add_source(**form.cleaned_data, probe=True)
            except SourceProblem as problem:
                form.add_error(None, problem.sentence)
            else:
                wake_sync(source.pk)
                messages.success(
                    request, f"{source.slug} is connected; its first sync is on its way."
                )
                return redirect("sources")
    context = {"sources": queries.sources(), "form": form}
    return render(request, "sources.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a source walked again, soon."""
    _staff_only(request)
    found = queries.sources().filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404(f"There is no source {pk}.")
    wake_sync(found.pk)
    messages.success(request, f"A sync of {found.slug} is on its way.")
    return redirect("sources")


def _staff_only(request: HttpRequest) -> None:
    if not (request.user.is_authenticated and request.user.is_staff):
        raise PermissionDenied("Only staff may connect or sync sources.")
