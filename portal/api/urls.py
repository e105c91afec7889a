"""The API's addresses, all under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path
from drf_spectacular.views import SpectacularAPIView

from portal.api.resources import bundles, exports, models, sources, tokens
from portal.api.resources.unknown import Unknown

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("sources/", sources.Sources.as_view(), name="sources"),
    path("sources/<int:pk>/", sources.OneSource.as_view(), name="source"),
    path("sources/<int:pk>/sync/", sources.SourceSync.as_view(), name="source-sync"),
    path("models/", models.Models.as_view(), name="models"),
    path("models/<int:pk>/", models.OneModel.as_view(), name="model"),
    path("models/<int:pk>/versions/", models.ModelVersions.as_view(), name="model-versions"),
    path("versions/<int:pk>/", models.OneVersion.as_view(), name="version"),
    path(
        "versions/<int:pk>/preflight/", models.VersionPreflight.as_view(), name="version-preflight"
    ),
    path("exports/", exports.Exports.as_view(), name="exports"),
    path("exports/<int:pk>/", exports.OneExport.as_view(), name="export"),
    path("exports/<int:pk>/log/", exports.ExportLog.as_view(), name="export-log"),
    path("exports/<int:pk>/cancel/", exports.ExportCancel.as_view(), name="export-cancel"),
    path("exports/<int:pk>/retry/", exports.ExportRetry.as_view(), name="export-retry"),
    path("bundles/", bundles.Bundles.as_view(), name="bundles"),
    path("bundles/<int:pk>/", bundles.OneBundle.as_view(), name="bundle"),
    path("bundles/<int:pk>/download/", bundles.BundleDownload.as_view(), name="bundle-download"),
    path("bundles/<int:pk>/files/<path:path>", bundles.BundleFile.as_view(), name="bundle-file"),
    path("me/", tokens.WhoAmI.as_view(), name="me"),
    path("tokens/", tokens.Tokens.as_view(), name="tokens"),
    path("tokens/<int:pk>/", tokens.OneToken.as_view(), name="token"),
    re_path("", Unknown.as_view(), name="unknown"),
]
