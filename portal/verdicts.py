"""What one version can become, as pages and the API show it."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from converters.catalog import TARGETS
from converters.preflight import Answer, Verdict
from registry.models import ModelVersion
from workers import readings
from workers.models import Reading


def verdicts(version: ModelVersion, row: Reading | None = None) -> list[Verdict]:
    """One verdict a target, in the order of the catalogue; says what `request_export` would.

    row: the version's reading, where the caller has it already.
    """
    if version.gone_at is not None:
        sentence = "This version is gone from its registry; there is nothing to fetch."
        return _none("version_gone", sentence)
    if not version.mlmodel:
        reason = version.mlmodel_problem or "its MLmodel file has not been read yet."
        return _none("mlmodel_unread", f"Nothing is known about this version: {reason}")
    return [_where_off(verdict) for verdict in readings.verdicts(version, row)]


def _none(code: str, sentence: str) -> list[Verdict]:
    return [Verdict(target.name, Answer.CANNOT, code, sentence) for target in TARGETS]


def _where_off(verdict: Verdict) -> Verdict:
    if verdict.target != "pmml" or settings.PMML_ENABLED or verdict.answer is Answer.CANNOT:
        return verdict
    sentence = "PMML is switched off here; an administrator turns it on with CROSSPORT_PMML=1."
    return replace(verdict, answer=Answer.CANNOT, code="target_off", sentence=sentence)
