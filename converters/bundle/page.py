"""parity.html: the comparison as a page of its own, offline, without script."""

from __future__ import annotations

from converters.bundle.manifest import Manifest
from converters.contract import JudgeReport


def page(manifest: Manifest, judged: JudgeReport) -> str:
    """The page."""
    return ""
