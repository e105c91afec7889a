"""Text models answer alike on every text that the sampler thinks of, in double."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.converters.routes.proof import converted, judged
from tests.real_models.sklearn_models import Make
from tests.real_models.sklearn_text import TEXTS


@pytest.mark.parametrize("make", TEXTS, ids=lambda make: make.__name__)
def test_text_models_answer_alike(make: Make, tmp_path: Path):
    report = converted(make, "sklearn", tmp_path)
    assert report.state == "converted", report.sentence
    verdicts = judged(tmp_path, report)
    assert verdicts
    for verdict in verdicts:
        assert verdict.verdict == "passed", verdict
