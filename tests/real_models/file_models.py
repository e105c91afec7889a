"""Models that are files already, and wrappers of Python around a model, in MLflow folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.real_models import onnx_models, tables
from tests.real_models.folders import save
from tests.real_models.sklearn_models import Make

DOCUMENT = """<?xml version="1.0"?>
<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header/><DataDictionary>
<DataField name="income k" optype="continuous" dataType="double"/>
<DataField name="rooms" optype="continuous" dataType="integer"/>
<DataField name="price" optype="continuous" dataType="double"/></DataDictionary>
<RegressionModel functionName="regression"><MiningSchema><MiningField name="income k"/>
<MiningField name="rooms"/><MiningField name="price" usageType="target"/></MiningSchema>
<RegressionTable intercept="3.5"><NumericPredictor name="income k" coefficient="0.25"/>
<NumericPredictor name="rooms" coefficient="-2"/></RegressionTable></RegressionModel></PMML>"""


def _onnx(name: str, model: Callable[[], Any]) -> Make:
    def make(folder: Path) -> Path:
        options = {"save_as_external_data": False}
        return save("onnx", model(), None, folder, signature=False, example=False, **options)

    make.__name__ = f"make_{name}"
    return make


def make_pmml_document(folder: Path) -> Path:
    """A regression that nobody here wrote by a converter."""
    folder.mkdir()
    (folder / "model.pmml").write_text(DOCUMENT)
    (folder / "MLmodel").write_text("flavors:\n  pmml:\n    data: model.pmml\n")
    return folder


def make_wrapped_logistic(folder: Path) -> Path:
    """A pyfunc that hands on one column of a classifier's probabilities."""
    import mlflow
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    class Second(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
        def __init__(self, model: Any) -> None:
            self.model = model

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return self.model.predict_proba(model_input)[:, 1]

    table, target = tables.tumours()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, target)
    mlflow.pyfunc.save_model(
        str(folder),
        python_model=Second(model),
        signature=mlflow.models.infer_signature(table),
        pip_requirements=["mlflow"],
    )
    return folder


ONNX = [
    _onnx("onnx_network", onnx_models.network),
    _onnx("onnx_tokens", onnx_models.tokens),
    _onnx("onnx_picture", onnx_models.picture),
    _onnx("onnx_fixed_rows", lambda: onnx_models.network(opset=12, rows=1)),
]
PMML: list[Make] = [make_pmml_document]
PYFUNC: list[Make] = [make_wrapped_logistic]
