"""The table that a run logged as its dataset, from a real MLflow server."""

from __future__ import annotations

import json

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag

from registry.connectors import SourceProblem, datasets
from registry.connectors.mlflow import MlflowConnector
from workers import fetch

TABLE = pd.DataFrame({"age": [31.5, 40.0, None], "town": ["Bern", "Chur", "Genève"]})


def _input(uri: str, context: str) -> DatasetInput:
    source = json.dumps({"uri": uri})
    made = Dataset(context, "0", "artifact", source)
    return DatasetInput(made, [InputTag("mlflow.data.context", context)])


@pytest.fixture(scope="module")
def logged(mlflow_url, tmp_path_factory):
    """A run whose training table is one of its own artifacts; its id."""
    mlflow.set_tracking_uri(mlflow_url)
    mlflow.set_experiment("datasets")
    path = tmp_path_factory.mktemp("tables") / "train.csv"
    TABLE.to_csv(path, index=False)
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(path), "data")
        uri = mlflow.get_artifact_uri("data/train.csv")
        client = mlflow.MlflowClient()
        client.log_inputs(run.info.run_id, [_input("https://example.org/other.csv", "validation")])
        client.log_inputs(run.info.run_id, [_input(uri, "training")])
    return run.info.run_id


def test_the_training_table_among_a_runs_own_artifacts_is_read(mlflow_url, logged):
    with MlflowConnector(mlflow_url) as connector:
        found = connector.training_data(logged)
    assert found is not None
    suffix, content = found
    assert suffix == ".csv"
    assert content.decode().splitlines()[0] == "age,town"


def test_an_export_gets_the_table_or_a_note_why_not(mlflow_url, logged, tmp_path):
    with MlflowConnector(mlflow_url) as connector:
        fetch.take_dataset(connector, logged, tmp_path)
    assert (tmp_path / "dataset.csv").read_bytes().startswith(b"age,town")
    assert not (tmp_path / "dataset.note").exists()
    with mlflow.start_run() as run:
        data = mlflow.data.from_pandas(TABLE, name="in memory")  # type: ignore[attr-defined]
        mlflow.log_input(data, context="training")
    (tmp_path / "other").mkdir()
    with MlflowConnector(mlflow_url) as connector:
        fetch.take_dataset(connector, run.info.run_id, tmp_path / "other")
    (note,) = (tmp_path / "other").iterdir()
    assert note.name == "dataset.note"
    assert "not among the run's own artifacts" in note.read_text()


def test_a_table_larger_than_the_limit_is_left_alone(mlflow_url, logged):
    with MlflowConnector(mlflow_url) as connector, pytest.raises(SourceProblem, match="at most"):
        connector.training_data(logged, limit=10)


def test_a_run_without_a_dataset_and_no_run_at_all_have_no_table(mlflow_url):
    with MlflowConnector(mlflow_url) as connector:
        assert connector.training_data("") is None
        assert connector.training_data("0" * 32) is None


@pytest.mark.parametrize(
    "source",
    ["", "{", "[]", '{"uri": 3}', '{"uri": "http://elsewhere/x.csv"}', '{"uri": "train.csv"}'],
)
def test_what_lies_elsewhere_or_is_no_address_is_not_asked_for(mlflow_url, source):
    run = {"inputs": {"dataset_inputs": [{"dataset": {"source": source}}, 7, {"tags": 1}]}}
    with MlflowConnector(mlflow_url) as connector:
        before = connector.calls
        with pytest.raises(SourceProblem, match="not among the run's own artifacts") as problem:
            datasets.table(connector._http, run, 100)
        assert problem.value.code == "no_table"
        assert connector.calls == before


def test_an_address_outside_of_the_artifacts_is_not_followed(mlflow_url):
    source = json.dumps({"uri": "mlflow-artifacts:/../../etc/passwd.csv"})
    run = {"inputs": {"dataset_inputs": [{"dataset": {"source": source}}]}}
    with MlflowConnector(mlflow_url) as connector, pytest.raises(SourceProblem, match="artifacts"):
        datasets.table(connector._http, run, 100)
