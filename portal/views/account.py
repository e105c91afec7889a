"""Who is signed in, and their API tokens."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.api import tokens
from portal.models import ApiToken
from registry.models import Source

LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "no end")]


class NewToken(forms.Form):
    """A token's name and how long it lives."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="What will use it: ci-fraud-service"
    )
    days = forms.ChoiceField(label="Valid for", choices=LIFETIMES, initial="90", required=False)
    sources = forms.ModelMultipleChoiceField(
        label="For the models of",
        queryset=Source.objects.order_by("slug"),
        to_field_name="slug",
        required=False,
        help_text="None chosen: of all sources, also of those to come.",
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The account; a POST makes a token, whose text is on the answer and nowhere afterwards."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    form = NewToken(request.POST or None)
    text = ""
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        ends = timezone.now() + timedelta(days=int(days)) if days else None
        chosen = form.cleaned_data["sources"] or None
        _, text = tokens.issue(user, form.cleaned_data["name"], ends, chosen)
        form = NewToken()
    rows = ApiToken.objects.filter(user=user, revoked_at=None)
    context = {"form": form, "tokens": rows, "text": text, "now": timezone.now()}
    return render(request, "account.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the caller's own tokens; another's looks as if it did not exist."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    rows = ApiToken.objects.filter(user=user)
    found = rows.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404("There is no such token of yours.")
    tokens.revoke(found)
    return redirect("account")
