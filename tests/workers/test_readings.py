"""What the files of mirrored versions tell, read once each, before any export is asked for."""

from __future__ import annotations

import html
import importlib
import json
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from converters import reading
from converters.preflight import Answer, Depth, preflight
from registry.details import forget_details
from registry.models import ModelVersion, Source
from registry.sources import add_source
from registry.sync import sync_source
from tests.registry.conftest import Upstream, upstream
from tests.workers.rows import make_version
from workers import dispatch, preflight_child, readings, reconcile
from workers.models import Job, Reading, ReadingState
from workers.sandbox import Limits

__all__ = ["upstream"]

MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn}
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle, sklearn_version: 1.9.0}
model_uuid: %s
signature: {inputs: '[{"name": "a", "type": "double", "required": true}]'}
"""
ROWS = np.array([[1.0], [2.0], [3.0]]), [1.0, 2.0, 4.0]


def pickled(*steps: Any) -> bytes:
    """A fitted pipeline as MLflow pickles it."""
    content: bytes = cloudpickle.dumps(make_pipeline(*steps, LinearRegression()).fit(*ROWS))
    return content


def with_lambda() -> bytes:
    return pickled(FunctionTransformer(lambda rows: rows * 2))


class Registry:
    """A source of one model that holds what a test puts there."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.name = upstream.model()
        self.source: Source = add_source(f"r-{self.name}", upstream.url)

    def log(
        self, content: bytes, uuid: str = "m-1", files: dict[str, bytes] | None = None
    ) -> ModelVersion:
        """A new version whose model.pkl is this; as mirrored."""
        number = self.upstream.version(self.name, MLMODEL % uuid)
        self.sync()
        version = self.version(number)
        self.put(version, content, files=files)
        return version

    def put(
        self,
        version: ModelVersion,
        content: bytes,
        uuid: str = "",
        files: dict[str, bytes] | None = None,
    ) -> None:
        uri = version.artifact_uri
        for name, more in ({"model.pkl": content} | (files or {})).items():
            self.upstream.put(uri, name, more)
        if uuid:
            self.upstream.put(uri, "MLmodel", MLMODEL % uuid)

    def sync(self) -> None:
        run = sync_source(self.source)
        assert run.state == "done", run.sentence

    def version(self, number: int = 1) -> ModelVersion:
        return ModelVersion.objects.get(
            model__source=self.source, model__name=self.name, number=number
        )


def text_of(version: ModelVersion) -> str:
    """The version's page, without its tags' quoting."""
    model = version.model
    answer = Client().get(f"/models/{model.source.slug}/{model.name}/{version.number}/")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def left(home: Path) -> list[Path]:
    """What readings have left on the disk."""
    return [path for path in home.glob("readings/**/*") if path.is_file()]


def first_attempt() -> int:
    """The number of a version's first try: one for its new files, one for its claim."""
    return 2


@pytest.fixture
def tasks() -> Any:
    """Celery's leaves, called as functions."""
    return importlib.import_module("workers.tasks")


@pytest.fixture
def asked(monkeypatch: Any) -> list[int]:
    """The versions for which a message was sent, in that order."""
    sent: list[int] = []
    monkeypatch.setattr(readings, "wake_reading", lambda pk, expires: sent.append(pk))
    return sent


@pytest.fixture
def registry(db: None, upstream: Upstream) -> Registry:
    return Registry(upstream)


def answers(version: ModelVersion) -> dict[str, tuple[str, str]]:
    return {row.target: (row.answer, row.code) for row in readings.verdicts(version)}


def by_mlmodel(version: ModelVersion) -> dict[str, tuple[str, str]]:
    return {row.target: (row.answer, row.code) for row in preflight(version.mlmodel)}


def test_a_pipeline_with_a_lambda_is_refused_before_a_worker_is_spent(registry: Registry):
    version = registry.log(with_lambda())
    assert by_mlmodel(version)["onnx"] == (Answer.CAN, "")
    row = readings.read(version.pk)
    assert row is not None
    assert (row.state, row.sentence) == (ReadingState.READ, "")
    for target in ("onnx", "pmml"):
        assert answers(version)[target] == (Answer.CANNOT, "own_python")
        with pytest.raises(dispatch.Refused, match="Python lambda") as refusal:
            dispatch.request_export(version, target)
        assert refusal.value.code == "own_python"
    assert {row.depth for row in readings.verdicts(version)} == {Depth.FILES}
    assert not Job.objects.exists()
    client = Client()
    body = client.get(f"/api/v1/versions/{version.pk}/preflight/").json()
    onnx = next(row for row in body if row["target"] == "onnx")
    assert (onnx["answer"], onnx["code"], onnx["depth"]) == ("cannot", "own_python", "files")
    told = client.get(f"/api/v1/versions/{version.pk}/").json()["reading"]
    assert (told["state"], told["sentence"], told["depth"]) == ("read", "", "files")
    page = text_of(version)
    assert "calls your own Python (a Python lambda) in its FunctionTransformer" in page
    assert "told from the MLmodel file and the model" in page


def test_until_it_is_read_page_and_api_say_that_mlmodel_alone_was_asked(registry: Registry):
    version = registry.log(with_lambda())
    assert answers(version) == by_mlmodel(version)
    page = text_of(version)
    assert "told from the MLmodel file alone" in page
    assert "files are read within minutes" in page
    told = Client().get(f"/api/v1/versions/{version.pk}/").json()["reading"]
    assert (told["state"], told["depth"], told["read_at"]) == ("pending", "mlmodel", None)


def test_a_sync_has_new_files_read_and_the_next_one_reads_nothing_anew(
    registry: Registry, tasks: Any, asked: list[int]
):
    version = registry.log(pickled())
    for _ in range(2):
        tasks.sync_source(registry.source.pk)
        if asked.count(version.pk) == 1:
            tasks.read_files(version.pk)
    assert asked.count(version.pk) == 1
    assert readings.reading_of(version).attempt == first_attempt()
    assert readings.read(version.pk) is None


def test_versions_mirrored_long_ago_are_caught_up_newest_first_some_at_a_time(
    registry: Registry, asked: list[int], monkeypatch: Any
):
    versions = [registry.log(pickled()) for _ in range(3)]
    monkeypatch.setattr(readings, "BATCH", 2)
    for sync in (1, 2):
        readings.wake(registry.source)
        assert len(asked) == 2 * sync
        for pk in asked[-2:]:
            readings.read(pk)
    mine = [pk for pk in asked if pk in {row.pk for row in versions}]
    assert mine[:3] == [row.pk for row in reversed(versions)]


def test_files_that_changed_are_read_again(registry: Registry):
    version = registry.log(with_lambda())
    readings.read(version.pk)
    registry.put(version, pickled(), uuid="m-2")
    forget_details(version)
    registry.sync()
    version = registry.version()
    assert readings.reading_of(version).state == ReadingState.PENDING
    assert answers(version)["onnx"] == (Answer.CAN, "")
    readings.read(version.pk)
    assert readings.reading_of(version).state == ReadingState.READ
    assert {row.depth for row in readings.verdicts(version)} == {Depth.FILES}
    assert answers(version)["onnx"] == (Answer.CAN, "")


def test_files_that_changed_unseen_are_not_taken_for_those_that_were_mirrored(registry: Registry):
    version = registry.log(pickled())
    registry.put(version, with_lambda(), uuid="m-2")
    row = readings.read(version.pk)
    assert row is not None
    assert row.state == ReadingState.FAILED
    assert "changed after they were mirrored" in row.sentence
    registry.sync()
    readings.read(version.pk)
    assert answers(registry.version())["onnx"] == (Answer.CANNOT, "own_python")


def test_a_damaged_file_is_a_sentence_of_pre_flight(registry: Registry):
    version = registry.log(with_lambda()[:300])
    row = readings.read(version.pk)
    assert row is not None
    assert row.state == ReadingState.READ
    verdict = next(row for row in readings.verdicts(version) if row.target == "onnx")
    assert (verdict.answer, verdict.code) == (Answer.CANNOT, "model_unreadable")
    assert "'model.pkl' cannot be read" in verdict.sentence


def test_files_that_are_too_large_leave_what_mlmodel_says_until_larger_ones_are_read(
    registry: Registry, settings: Any, home: Path
):
    settings.READ_MB = 1
    version = registry.log(with_lambda() + bytes(2 << 20))
    row = readings.read(version.pk)
    assert row is not None
    assert row.state == ReadingState.TOO_LARGE
    assert row.sentence == "The files to be read are larger than 1 MB."
    assert answers(version) == by_mlmodel(version)
    assert row.sentence in text_of(version)
    assert dispatch.request_export(version, "onnx")[1]
    assert readings.read(version.pk) is None
    assert left(home) == []
    settings.READ_MB = 300
    readings.read(version.pk)
    assert answers(version)["onnx"] == (Answer.CANNOT, "own_python")


def test_only_what_is_read_is_fetched(registry: Registry, settings: Any):
    settings.READ_MB = 1
    version = registry.log(pickled(), files={"background.bin": bytes(3 << 20)})
    row = readings.read(version.pk)
    assert row is not None
    assert (row.state, row.depth) == (ReadingState.READ, "files")


def test_a_version_of_which_no_file_tells_more_is_settled_without_its_source(db: None):
    mlmodel = {"flavors": {"fastai": {"data": "model.fastai"}}, "model_uuid": "m-1"}
    row = readings.read(make_version(mlmodel=mlmodel, flavors=["fastai"]).pk)
    assert row is not None
    assert (row.state, row.depth, row.sentence) == (ReadingState.READ, "mlmodel", "")


HOSTILE = {
    "crashes": ("raise SystemExit(3)", "broke"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
    "hangs": ("import time; time.sleep(60)", "took longer than 2 s"),
    "says nothing": ("pass", "broke"),
    "says no JSON": ("print('[' * 100000)", "broke"),
    "says a list": ("print('[1]')", "broke"),
    "lacks findings": ("print('{}')", "gave no answer"),
    "says what is no depth": ('print(\'{"depth": "sea", "findings": []}\')', "gave no answer"),
    "finds what is no finding": (
        'print(\'{"depth": "files", "findings": [{"code": 1}]}\')',
        "gave no answer",
    ),
    "finds without end": (
        "print('{\"depth\": \"files\", \"findings\": [' + '0,' * 999 + '0]}')",
        "gave no answer",
    ),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_child_that_breaks_leaves_what_mlmodel_says_and_a_sentence(
    registry: Registry, monkeypatch: Any, home: Path, how: str
):
    code, said = HOSTILE[how]
    monkeypatch.setattr(preflight_child, "LIMITS", Limits(wall_seconds=2, cpu_seconds=2))
    monkeypatch.setattr(preflight_child, "command", lambda *_: [sys.executable, "-I", "-c", code])
    version = registry.log(with_lambda())
    row = readings.read(version.pk)
    assert row is not None
    assert row.state == ReadingState.FAILED
    assert said in row.sentence
    assert answers(version) == by_mlmodel(version)
    assert {row.depth for row in readings.verdicts(version)} == {Depth.MLMODEL}
    assert row.sentence in text_of(version)
    assert dispatch.request_export(version, "onnx")[1]
    assert left(home) == []


def test_a_finding_of_text_that_postgresql_does_not_hold_is_kept_without_it(
    registry: Registry, monkeypatch: Any
):
    finding = {"code": "odd", "sentence": "a\0b\ud800", "target": "", "caveat": False}
    answer = json.dumps({"depth": "files", "findings": [finding]})
    code = f"print({answer!r})"
    monkeypatch.setattr(preflight_child, "command", lambda *_: [sys.executable, "-I", "-c", code])
    version = registry.log(pickled())
    readings.read(version.pk)
    assert readings.verdicts(version)[0].sentence.startswith("a\N{REPLACEMENT CHARACTER}b")


def test_a_source_that_does_not_answer_is_tried_three_times_with_pauses(db: None, asked: list[int]):
    version = make_version()  # its source answers nowhere
    for tried in (1, 2, 3):
        row = readings.read(version.pk)
        assert row is not None
        assert (row.state, row.tries) == (ReadingState.FAILED, tried)
        assert "127.0.0.1:1" in row.sentence
        assert readings.read(version.pk) is None  # not before the pause is over
        Reading.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert readings.read(version.pk) is None
    readings.wake(version.model.source)
    assert asked == []
    version.refresh_from_db()
    assert version.gone_at is None
    assert answers(version) == by_mlmodel(version)


def test_new_readers_read_everything_anew(registry: Registry, monkeypatch: Any):
    version = registry.log(with_lambda())
    readings.read(version.pk)
    monkeypatch.setattr(reading, "digest", lambda: "f" * 64)
    assert answers(version) == by_mlmodel(version)
    assert readings.read(version.pk) is not None
    assert answers(version)["onnx"] == (Answer.CANNOT, "own_python")


def test_a_version_that_is_gone_or_unread_is_left_alone(db: None):
    assert readings.read(make_version(gone_at=timezone.now()).pk) is None
    assert readings.read(make_version(mlmodel={}).pk) is None
    assert readings.read(10**9) is None
    assert not Reading.objects.exists()


def test_nothing_is_read_where_an_administrator_switched_it_off(
    db: None, settings: Any, asked: list[int]
):
    settings.READ_MB = 0
    version = make_version()
    readings.wake(version.model.source)
    assert readings.read(version.pk) is None
    assert asked == []
    assert "files are read within" not in text_of(version)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_version_read_it_once(upstream: Upstream, monkeypatch: Any):
    version = Registry(upstream).log(with_lambda())
    gate, children, ends = threading.Barrier(2), [], []

    def ask(*given: Any) -> dict[str, Any]:
        children.append(given)
        return honest(*given)

    def work() -> None:
        gate.wait()
        try:
            ends.append(readings.read(version.pk))
        finally:
            connection.close()

    honest = preflight_child.ask
    monkeypatch.setattr(preflight_child, "ask", ask)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 2
    assert len(children) == 1
    assert ends.count(None) == 1
    row = Reading.objects.get()
    assert (row.state, row.attempt, row.busy_until) == (ReadingState.READ, first_attempt(), None)


def test_what_comes_after_the_claim_was_lost_is_dropped(registry: Registry, monkeypatch: Any):
    version = registry.log(with_lambda())
    honest = preflight_child.ask

    def slow(*given: Any) -> dict[str, Any]:
        answer = honest(*given)
        monkeypatch.setattr(preflight_child, "ask", honest)
        registry.put(version, pickled(), uuid="m-2")
        forget_details(version)
        registry.sync()
        readings.read(version.pk)
        return answer

    monkeypatch.setattr(preflight_child, "ask", slow)
    readings.read(version.pk)
    assert answers(registry.version())["onnx"] == (Answer.CAN, "")
    assert Reading.objects.get().state == ReadingState.READ


class Died(BaseException):
    """The end of a worker's process, which nothing in it sees coming."""


def test_files_and_claims_of_a_lost_worker_are_cleared_away(
    registry: Registry, home: Path, monkeypatch: Any
):
    version = registry.log(pickled())
    monkeypatch.setattr(readings, "remove_tree", lambda folder: None)

    def die(*given: Any) -> dict[str, Any]:
        raise Died

    honest = preflight_child.ask
    monkeypatch.setattr(preflight_child, "ask", die)
    for tried in (1, 2, 3):
        with pytest.raises(Died):
            readings.read(version.pk)
        assert readings.read(version.pk) is None  # another may be at it
        reconcile.reap()
        assert left(home) != [], "a claim that holds keeps its files"
        Reading.objects.update(busy_until=timezone.now() - timedelta(seconds=1))
        assert Reading.objects.get().tries == tried
    reconcile.reap()
    assert left(home) == []
    row = readings.reading_of(version)
    assert (row.state, "was lost 3 times" in row.sentence) == (ReadingState.FAILED, True)
    monkeypatch.setattr(preflight_child, "ask", honest)
    assert readings.read(version.pk) is None
