"""The MLflow server connector: its REST API over plain HTTP, without MLflow's own client.

Sources: MLflow's REST API reference and `mlflow/server/handlers.py` of MLflow 3.17.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

from registry.connectors import (
    DATASET_LIMIT,
    DOWNLOAD_LIMIT,
    RemoteFile,
    RemoteModel,
    RemoteRun,
    RemoteVersion,
    SourceProblem,
    artifacts,
    datasets,
)
from registry.connectors.http import Missing, SourceHttp

T = TypeVar("T")

API = "/api/2.0/mlflow"
MODELS_PAGE = 1000  # the server's upper limit
VERSIONS_PAGE = 10_000
RUNS_PAGE = 200
EXPERIMENTS_PAGE = 1000
LARGEST_NUMBER = 2**31 - 1  # of the mirror's column, and of MLflow's own
# MLflow keeps prompts among the registered models; the server hides them unless asked.
PROMPT_TAG = "mlflow.prompt.is_prompt"


class MlflowConnector:
    """One MLflow server (or what speaks as one) below `url`, which may carry a path prefix."""

    def __init__(self, url: str, username: str = "", secret: str = "") -> None:
        self._http = SourceHttp(url, username, secret)
        self._experiments: list[str] | None = None

    @property
    def calls(self) -> int:
        return self._http.calls

    def __repr__(self) -> str:
        return f"<MlflowConnector {self._http.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def check(self) -> None:
        self._http.json("GET", f"{API}/registered-models/search", {"max_results": 1})

    def models(self) -> Iterator[RemoteModel]:
        path = f"{API}/registered-models/search"
        for row in self._pages("GET", path, {"max_results": MODELS_PAGE}, "registered_models"):
            model = self._understood(_model, row)
            if model.tags.get(PROMPT_TAG, "").lower() != "true":
                yield model

    def versions(self) -> Iterator[RemoteVersion]:
        return self._versions({"max_results": VERSIONS_PAGE})

    def versions_of(self, model: str) -> Iterator[RemoteVersion]:
        # The filter language has no escape: a name takes the quote that it does not hold.
        mark = '"' if "'" in model else "'"
        if mark not in model:
            return self._versions(
                {"max_results": VERSIONS_PAGE, "filter": f"name = {mark}{model}{mark}"}
            )
        return (row for row in self.versions() if row.model == model)

    def model(self, name: str) -> RemoteModel | None:
        try:
            answer = self._http.json("GET", f"{API}/registered-models/get", {"name": name})
        except Missing:
            return None
        return self._understood(_model, answer.get("registered_model"))

    def version(self, model: str, number: int) -> RemoteVersion | None:
        params = {"name": model, "version": str(number)}
        try:
            answer = self._http.json("GET", f"{API}/model-versions/get", params)
        except Missing:
            return None
        return self._understood(_version, answer.get("model_version"))

    def version_of_alias(self, model: str, alias: str) -> RemoteVersion | None:
        """The version that an alias names now, or None."""
        params = {"name": model, "alias": alias}
        try:
            answer = self._http.json("GET", f"{API}/registered-models/alias", params)
        except Missing:
            return None
        except SourceProblem as problem:
            # MLflow answers an unknown alias as a wrong parameter, not as a missing resource.
            if problem.code == "wrong_version" and "alias" in problem.sentence.lower():
                return None
            raise
        return self._understood(_version, answer.get("model_version"))

    def runs(self, run_ids: Sequence[str]) -> dict[str, RemoteRun]:
        found = {}
        wanted = sorted({run_id for run_id in run_ids if run_id.isalnum()})
        for start in range(0, len(wanted), RUNS_PAGE):
            quoted = ", ".join(f"'{run_id}'" for run_id in wanted[start : start + RUNS_PAGE])
            body = {
                "experiment_ids": self._experiment_ids(),
                "filter": f"attributes.run_id IN ({quoted})",
                "run_view_type": "ALL",
                "max_results": RUNS_PAGE,
            }
            for row in self._pages("POST", f"{API}/runs/search", body, "runs"):
                run = self._understood(_run, row)
                found[run.run_id] = run
        return found

    def run_model_uri(self, run_id: str, path: str) -> str | None:
        """Where the model is that a run logged under `path`, or None where there is no such run.

        Since MLflow 3 it is a logged model of that name; before, a folder of the run's artifacts.
        """
        try:
            run = self._http.json("GET", f"{API}/runs/get", {"run_id": run_id})["run"]
        except Missing:
            return None
        for output in (run.get("outputs") or {}).get("model_outputs", []):
            info = self._logged_model(str(output["model_id"]))
            if info is not None and info.get("name") == path:
                return str(info["artifact_uri"])
        return f"{str(run['info']['artifact_uri']).rstrip('/')}/{path}"

    def logged_model_uri(self, model_id: str) -> str | None:
        """Where a logged model's artifacts are (`models:/m-…`), or None where there is none."""
        info = self._logged_model(model_id)
        return None if info is None else str(info["artifact_uri"])

    def _logged_model(self, model_id: str) -> dict[str, Any] | None:
        try:
            answer = self._http.json("GET", f"{API}/logged-models/{quote(model_id, safe='')}")
        except Missing:
            return None
        info: dict[str, Any] = answer["model"]["info"]
        return info

    def artifact_uri(self, model: str, number: int) -> str:
        params = {"name": model, "version": str(number)}
        try:
            answer = self._http.json("GET", f"{API}/model-versions/get-download-uri", params)
        except Missing as missing:
            raise SourceProblem(
                "artifacts_gone",
                f"{self._http.url} no longer knows where the files of {model}/{number} are.",
            ) from missing
        return str(answer.get("artifact_uri", ""))

    def read_file(self, artifact_uri: str, path: str, limit: int) -> bytes | None:
        return artifacts.folder(self._http, artifact_uri).read(path, limit)

    def download(
        self,
        artifact_uri: str,
        folder: Path,
        limit: int = DOWNLOAD_LIMIT,
        wanted: Callable[[str], bool] = lambda path: True,
    ) -> list[RemoteFile]:
        return artifacts.download(artifacts.folder(self._http, artifact_uri), folder, limit, wanted)

    def training_data(self, run_id: str, limit: int = DATASET_LIMIT) -> tuple[str, bytes] | None:
        if not run_id:
            return None
        try:
            run = self._http.json("GET", f"{API}/runs/get", {"run_id": run_id})["run"]
        except Missing:
            return None
        return datasets.table(self._http, run, limit)

    def _versions(self, params: Mapping[str, str | int]) -> Iterator[RemoteVersion]:
        for row in self._pages("GET", f"{API}/model-versions/search", params, "model_versions"):
            if str(row.get("version", "")).isdecimal():
                yield self._understood(_version, row)

    def _understood(self, read: Callable[[Any], T], row: Any) -> T:
        """What `read` makes of a row that MLflow should have sent.

        Raises:
            SourceProblem: `wrong_version`, where it is none.
        """
        try:
            return read(row)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise self._strange(f"a row that cannot be read ({error!r:.200})") from error

    def _strange(self, what: str) -> SourceProblem:
        return SourceProblem(
            "wrong_version",
            f"{self._http.url} answers {what}; is it an MLflow server? Crossport is tested with "
            "MLflow 3.17.",
        )

    def _experiment_ids(self) -> list[str]:
        """All of them, deleted ones too: a search for runs wants to be told where to look."""
        if self._experiments is None:
            body = {"max_results": EXPERIMENTS_PAGE, "view_type": "ALL"}
            rows = self._pages("POST", f"{API}/experiments/search", body, "experiments")
            self._experiments = [str(row.get("experiment_id", "")) for row in rows]
        return self._experiments

    def _pages(
        self, method: str, path: str, params: Mapping[str, Any], key: str
    ) -> Iterator[dict[str, Any]]:
        """The rows of every page; a page may be empty and still have a successor."""
        token, seen = "", set()
        while True:
            asked = {**params, "page_token": token} if token else dict(params)
            try:
                answer = (
                    self._http.json(method, path, params=asked)
                    if method == "GET"
                    else self._http.json(method, path, body=asked)
                )
            except Missing as missing:
                raise SourceProblem(
                    "wrong_version", f"{self._http.url} has no {path}: {missing}"
                ) from missing
            rows = answer.get(key, [])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise self._strange(f"{key} that are no list of objects")
            yield from rows
            token = str(answer.get("next_page_token") or "")
            if not token:
                return
            if token in seen:
                raise SourceProblem(
                    "wrong_version", f"{self._http.url} gives the same page of {key} for ever."
                )
            seen.add(token)


def _model(row: Mapping[str, Any]) -> RemoteModel:
    aliases = {
        str(entry["alias"]): int(entry["version"])
        for entry in row.get("aliases", [])
        if str(entry.get("version", "")).isdecimal()
    }
    return RemoteModel(
        name=str(row["name"]),
        description=str(row.get("description") or ""),
        tags=_pairs(row.get("tags")),
        aliases=aliases,
        created_at=_moment(row.get("creation_timestamp")),
        updated_at=_moment(row.get("last_updated_timestamp")),
    )


def _version(row: Mapping[str, Any]) -> RemoteVersion:
    stage = str(row.get("current_stage") or "")
    return RemoteVersion(
        model=str(row["name"]),
        number=_number(row["version"]),
        stage="" if stage == "None" else stage,  # MLflow's word for no stage
        status=str(row.get("status") or ""),
        status_message=str(row.get("status_message") or ""),
        description=str(row.get("description") or ""),
        tags=_pairs(row.get("tags")),
        run_id=str(row.get("run_id") or ""),
        source_uri=str(row.get("source") or ""),
        created_at=_moment(row.get("creation_timestamp")),
        updated_at=_moment(row.get("last_updated_timestamp")),
    )


def _number(text: Any) -> int:
    number = int(text)
    if number > LARGEST_NUMBER:
        raise ValueError(f"version {number} is too large")
    return number


def _run(row: Mapping[str, Any]) -> RemoteRun:
    info, data = row["info"], row.get("data", {})
    tags = _pairs(data.get("tags"))
    return RemoteRun(
        run_id=str(info["run_id"]),
        name=str(info.get("run_name") or ""),
        user=tags.get("mlflow.user") or str(info.get("user_id") or ""),
        params=_pairs(data.get("params")),
        metrics={
            str(entry["key"]): _metric(entry.get("value")) for entry in data.get("metrics", [])
        },
    )


def _pairs(rows: Any) -> dict[str, str]:
    return {str(row["key"]): str(row.get("value", "")) for row in rows or []}


def _metric(value: Any) -> float | str:
    """A finite number, or its name in JSON's protobuf mapping; PostgreSQL's JSON has no NaN."""
    number = float(value or 0.0)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def _moment(milliseconds: Any) -> datetime | None:
    if not milliseconds:
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC)
