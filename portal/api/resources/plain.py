"""Renderers for what is not JSON, so that `Accept` is honoured and the schema tells the type."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer


class PlainText(BaseRenderer):
    """Text as it is."""

    media_type = "text/plain"
    format = "txt"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> str:
        return str(data)


class Archive(BaseRenderer):
    """A zip archive, streamed by the view itself."""

    media_type = "application/zip"
    format = "zip"
    charset = None
    render_style = "binary"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return bytes(data)


class AnyFile(Archive):
    """One file of a bundle, of whatever type."""

    media_type = "*/*"
    format = "file"
