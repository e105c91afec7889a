"""What the portal's tests share."""

from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """What was published never changes, and is remembered: each test begins anew."""
    cache.clear()
