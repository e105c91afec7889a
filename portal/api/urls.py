"""The API's addresses, all under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path
from drf_spectacular.views import SpectacularAPIView

from portal.api.resources import tokens
from portal.api.resources.unknown import Unknown

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("me/", tokens.WhoAmI.as_view(), name="me"),
    path("tokens/", tokens.Tokens.as_view(), name="tokens"),
    path("tokens/<int:pk>/", tokens.OneToken.as_view(), name="token"),
    re_path("", Unknown.as_view(), name="unknown"),
]
