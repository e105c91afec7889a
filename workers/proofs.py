"""Completes what was published where no Java was at hand: bundles are run in a JVM later.

The archive stays as it is; the verdict stands beside it, and the Maven repository gets its jar.
"""

from __future__ import annotations

import logging
import zipfile
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from converters import contract
from registry.storage import store
from workers import collect, jvm, maven, pipeline
from workers.execute import checker
from workers.models import Bundle, Proof, ProofState
from workers.queues import wake_proof
from workers.sandbox import remove_tree

AGAIN = timedelta(minutes=10)
# So many are asked for at a time: exports go first.
MOST = 2
# A file of every bundle that has generated Java.
PROJECT = "java/pom.xml"

logger = logging.getLogger(__name__)


def wake() -> None:
    """Note the bundles that no JVM has run, and have some of them run. Called every ten seconds."""
    bare = Bundle.objects.filter(manifest__files__has_key=PROJECT, manifest__java="", proof=None)
    Proof.objects.bulk_create((Proof(bundle=one) for one in bare.only("pk")), ignore_conflicts=True)
    due = Proof.objects.filter(state=ProofState.PENDING, due_at__lte=Now())
    for proof in due.order_by("due_at")[:MOST]:
        later = timezone.now() + AGAIN
        if Proof.objects.filter(pk=proof.pk, due_at=proof.due_at).update(due_at=later):
            wake_proof(proof.bundle_id, expires=AGAIN.total_seconds())


def prove(bundle_id: int) -> None:
    """Run a bundle's Java and record the verdict; a worker without Java leaves it to others."""
    bundle = Bundle.objects.filter(pk=bundle_id, proof__state=ProofState.PENDING).first()
    if bundle is None:
        return
    java = checker()
    try:
        java.ready(Path(settings.ENVIRONMENTS_FOLDER), logger.info, _never)
    except jvm.Lacking as lacking:
        Proof.objects.filter(bundle=bundle).update(sentence=f"No Java at hand: {lacking}.")
        return
    folder = Path(settings.CROSSPORT_HOME) / "proofs" / str(bundle.pk)
    remove_tree(folder)
    folder.mkdir(parents=True)
    try:
        _unpack(bundle, folder / contract.BUNDLE_DIR)
        identity = contract.Identity(
            bundle.manifest["source"], bundle.manifest["model"], bundle.manifest["version"]
        )
        request = contract.Request(bundle.manifest["flavor"], bundle.target, identity)
        _record(bundle, folder, pipeline.prove(folder, request, java, _never))
    finally:
        remove_tree(folder)


def _record(bundle: Bundle, folder: Path, outcome: pipeline.Outcome) -> None:
    proven = outcome.state is pipeline.State.PROVEN
    if not proven:
        logger.warning("Java of bundle %s: %s", bundle.pk, outcome.sentence)
    made = []
    if proven and outcome.classes is not None:
        inside = folder / contract.BUNDLE_DIR
        made = maven.make(folder / "maven", inside, outcome.classes, bundle.manifest)
    report = outcome.jvm
    with transaction.atomic():
        taken = Proof.objects.filter(bundle=bundle, state=ProofState.PENDING).update(
            state=ProofState.PROVEN if proven else ProofState.FAILED,
            sentence=outcome.sentence,
            java=report.java if report else "",
            rows=report.rows if report else 0,
            proved_at=timezone.now(),
        )
        if taken:
            maven.record(bundle, made)


def _unpack(bundle: Bundle, to: Path) -> None:
    """The archive as it was published: its own bytes, so that its names are ours."""
    with store().open(bundle.sha256) as blob, zipfile.ZipFile(blob) as packed:
        packed.extractall(to)
    collect.check_sums(to)


def _never() -> bool:
    return False
