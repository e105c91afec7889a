"""Every address of the portal: pages here, the API under /api/v1/, accounts under /accounts/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, register_converter

from portal.api.health import healthz, readyz
from portal.api.reference import page as api_reference
from portal.maven import views as maven
from portal.names import ModelName
from portal.views import account, bundles, catalogue, exports, sources, versions

register_converter(ModelName, "name")

MODEL = "models/<slug:source>/<name:name>/"
VERSION = MODEL + "<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", catalogue.catalogue, name="catalogue"),
    path(VERSION, versions.version, name="version"),
    path(MODEL, catalogue.model, name="model"),
    path("exports/", exports.exports, name="exports"),
    path("exports/<int:pk>/", exports.export, name="export"),
    path("exports/<int:pk>/cancel/", exports.cancel, name="export_cancel"),
    path("exports/<int:pk>/retry/", exports.retry, name="export_retry"),
    path("exports/<int:pk>/parity.html", exports.parity, name="export_parity"),
    path("bundles/<int:pk>/", bundles.bundle, name="bundle"),
    path("bundles/<int:pk>/download/", bundles.download, name="bundle_download"),
    path("sources/", sources.sources, name="sources"),
    path("sources/<int:pk>/sync/", sources.sync, name="source_sync"),
    path("account/", account.account, name="account"),
    path("account/tokens/<int:pk>/revoke/", account.revoke, name="token_revoke"),
    path("accounts/", include("allauth.account.urls")),
    path("api/docs/", api_reference, name="api_docs"),
    path("api/v1/", include("portal.api.urls")),
    path("maven/<path:path>", maven.serve, name="maven"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.broken"
