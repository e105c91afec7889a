"""A portal with something on every page, and the address of each."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from registry.models import Alias, SyncRun, SyncState
from tests.portal import rows
from workers.models import JobState

REFUSED = (
    "PMML computes in float32 where this forest compares doubles: 3 of 1,412 rows get another "
    "label. Export to ONNX, which carries its thresholds in double."
)
HOSTILE = '<script>alert(1)</script> & "quotes" / Ünïcode 🦊 ..%2F'
LONG = "scoring-of-applications-for-household-and-small-business-credit-with-late-payments-v2-final"


def judged() -> dict[str, object]:
    """The report of a job whose parity failed."""
    worst = {
        "row": 917,
        "original": "good",
        "converted": "bad",
        "error": 0.0031,
        "features": {"age": "41", "income": "50000.000000000001", "city": "Łódź"},
    }
    output = {
        "name": "label",
        "kind": "label",
        "rows": 1412,
        "verdict": "failed",
        "mismatches": 3,
        "worst": [worst],
    }
    judge = {
        "state": "refused",
        "code": "parity",
        "sentence": REFUSED,
        "rows": 1412,
        "parity": [output],
        "runtime": "jpmml-evaluator 1.7.3",
    }
    return {"schema": 1, "convert": None, "judge": judge, "sandbox": "landlock", "peak_mb": {}}


def filled() -> dict[str, str]:
    """Rows for every page; page's name → path."""
    source = rows.make_source(slug="prod")
    SyncRun.objects.create(
        source=source,
        state=SyncState.DONE,
        versions_seen=12,
        added=3,
        changed=1,
        finished_at=timezone.now(),
    )
    broken = rows.make_source(slug="staging")
    SyncRun.objects.create(
        source=broken,
        state=SyncState.FAILED,
        code="needs_login",
        sentence="https://mlflow2.example.com asks for a login; store a user name and password.",
        finished_at=timezone.now(),
    )
    description = "Fraud probability of a card payment.\nTrained nightly on the last 90 days."
    fraud = rows.make_model(
        source=source, name="fraud-scoring", description=description, tags={"team": "risk"}
    )
    rows.make_model(source=source, name=LONG, description="A long name. " * 12)
    rows.make_model(source=source, name=HOSTILE, description="<b>bold</b>")
    rows.make_model(source=broken, name="churn", description="")
    old = rows.make_version(model=fraud, number=6, description="Before the new features.")
    version = rows.make_version(model=fraud, number=7, stage="Production", tags={"data": "2026-10"})
    Alias.objects.create(model=fraud, name="champion", version=version)
    two_days = timezone.now() - timedelta(days=2)
    type(version).objects.filter(pk=version.pk).update(remote_created_at=two_days)
    bundle = rows.make_bundle(export=rows.make_export(version=version))
    running = rows.make_job(JobState.RUNNING, log="convert: loading sklearn\n" * 30)
    queued = rows.make_job(JobState.QUEUED, export=rows.make_export(version=old))
    refused = rows.make_job(
        JobState.REFUSED,
        export=rows.make_export(version=version, target="pmml"),
        code="parity",
        sentence=REFUSED,
        report=judged(),
        log="judge: 1412 rows\n",
    )
    crashed = rows.make_job(
        JobState.CRASHED,
        code="child_killed",
        sentence="The convert child was killed: it needed more than 6,144 MB.",
        log="Traceback (most recent call last):\n  …\nMemoryError\n",
    )
    return {
        "catalogue": "/",
        "nothing": "/?q=no-such-model",
        "model": "/models/prod/fraud-scoring/",
        "version": "/models/prod/fraud-scoring/7/",
        "exports": "/exports/",
        "running": f"/exports/{running.export_id}/",
        "queued": f"/exports/{queued.export_id}/",
        "refused": f"/exports/{refused.export_id}/",
        "crashed": f"/exports/{crashed.export_id}/",
        "succeeded": f"/exports/{bundle.export_id}/",
        "bundle": f"/bundles/{bundle.pk}/",
        "sources": "/sources/",
        "account": "/account/",
        "missing": "/bundles/999999/",
    }
