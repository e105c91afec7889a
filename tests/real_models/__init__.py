"""Real trained models in real MLflow folders; each catalogue row is proven on some of them."""

from __future__ import annotations

from tests.real_models import (
    booster_models,
    dl4j_models,
    file_models,
    h2o_models,
    sklearn_models,
    sklearn_predictors,
    sklearn_text,
    sklearn_transformers,
    spark_models,
    statistics_models,
    tensorflow_models,
    torch_models,
)
from tests.real_models.sklearn_models import Make

# (flavor, target) → functions that save one model in the folder they are given.
REAL_MODELS: dict[tuple[str, str], list[Make]] = {
    ("sklearn", "onnx"): [
        *sklearn_models.MAKERS,
        *sklearn_predictors.PREDICTORS,
        *sklearn_transformers.TRANSFORMERS,
        *sklearn_text.TEXTS,
    ],
    ("sklearn", "pmml"): sklearn_models.MAKERS,
    ("xgboost", "onnx"): booster_models.XGBOOST,
    ("lightgbm", "onnx"): booster_models.LIGHTGBM,
    ("catboost", "onnx"): booster_models.CATBOOST,
    ("xgboost", "pmml"): booster_models.XGBOOST,
    ("lightgbm", "pmml"): booster_models.LIGHTGBM,
    ("catboost", "pmml"): booster_models.CATBOOST,
    ("xgboost", "xgboost"): booster_models.XGBOOST,
    ("lightgbm", "lightgbm"): booster_models.LIGHTGBM,
    ("catboost", "catboost"): booster_models.CATBOOST,
    ("onnx", "onnx"): file_models.ONNX,
    ("pmml", "pmml"): file_models.PMML,
    ("h2o", "mojo"): h2o_models.MAKERS,
    ("h2o", "pojo"): h2o_models.SOURCE_MAKERS,
    ("h2o", "onnx"): h2o_models.WRITERS,
    ("h2o", "pmml"): h2o_models.WRITERS,
    ("spark", "onnx"): spark_models.MAKERS,
    ("spark", "pmml"): spark_models.MAKERS,
    ("statsmodels", "onnx"): [*statistics_models.MAKERS, *statistics_models.ONNX_MAKERS],
    ("statsmodels", "pmml"): statistics_models.MAKERS,
    ("python_function", "onnx"): file_models.PYFUNC,
    ("python_function", "pmml"): file_models.PYFUNC,
    ("pytorch", "onnx"): torch_models.PYTORCH,
    ("pytorch", "torchscript"): torch_models.TORCHSCRIPT,
    ("transformers", "onnx"): torch_models.TRANSFORMERS,
    ("sentence_transformers", "onnx"): torch_models.SENTENCES,
    ("tensorflow", "onnx"): tensorflow_models.TENSORFLOW_ONNX,
    ("tensorflow", "savedmodel"): tensorflow_models.TENSORFLOW_SAVEDMODEL,
    ("keras", "onnx"): tensorflow_models.KERAS,
    ("keras", "savedmodel"): tensorflow_models.KERAS,
    ("keras", "hdf5"): dl4j_models.KERAS,
    ("tensorflow", "hdf5"): dl4j_models.TENSORFLOW,
}
