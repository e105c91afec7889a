"""Every flavor that MLflow has or had, and the retired formats of this field: what each can become.

A flavor with routes needs no sentence: the catalogue tells. The sentences here are for those
without, and say what to do instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """living: its makers release it. retired: they do not. outside: it holds no tensor program."""

    LIVING = "living"
    RETIRED = "retired"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Flavor:
    """One flavor or format.

    sentence: why there is no route, or what a route needs; ends in a full stop.
    nearest: the flavor whose routes are the nearest living way; empty where there is none.
    """

    name: str
    title: str
    state: State = State.LIVING
    sentence: str = ""
    nearest: str = ""


def _outside(name: str, title: str, what: str) -> Flavor:
    return Flavor(
        name,
        title,
        State.OUTSIDE,
        f"A {title} model is {what}: there are no weights in it that another runtime could load. "
        "Serve it where it is, over HTTP.",
    )


FLAVORS = (
    Flavor("sklearn", "scikit-learn"),
    Flavor("xgboost", "XGBoost"),
    Flavor("lightgbm", "LightGBM"),
    Flavor("catboost", "CatBoost"),
    Flavor("pytorch", "PyTorch"),
    Flavor("tensorflow", "TensorFlow"),
    Flavor("keras", "Keras"),
    Flavor("onnx", "ONNX"),
    Flavor("pmml", "PMML"),
    Flavor("statsmodels", "statsmodels"),
    Flavor(
        "prophet",
        "Prophet",
        sentence="Prophet draws its forecast from samples and a calendar, which no format carries. "
        "Forecast in Python and store the table, or fit a regression on the same calendar columns "
        "with scikit-learn.",
        nearest="sklearn",
    ),
    Flavor(
        "pmdarima",
        "pmdarima",
        sentence="An ARIMA model forecasts from its own past instead of from a row. Forecast in "
        "Python and store the table, or train a regression on lagged columns with scikit-learn.",
        nearest="sklearn",
    ),
    Flavor(
        "diviner",
        "Diviner",
        State.RETIRED,
        "Diviner groups Prophet or pmdarima models, one a series, none of which goes by rows, and "
        "is no longer developed. Forecast in Python and store the table.",
    ),
    Flavor("spark", "Spark ML"),
    Flavor("h2o", "H2O"),
    Flavor(
        "mleap",
        "MLeap",
        State.RETIRED,
        "MLeap has had no release for current Spark versions, and MLflow dropped its flavor. "
        "Log the Spark pipeline itself with mlflow.spark: it becomes ONNX or PMML.",
        "spark",
    ),
    Flavor(
        "transformers",
        "Transformers",
        sentence="A pipeline's network converts, its tokenizer does not: texts must be turned into "
        "token numbers before the model. Export the network with optimum and log it as onnx.",
        nearest="onnx",
    ),
    Flavor(
        "sentence_transformers",
        "Sentence Transformers",
        sentence="The network converts, its tokenizer does not: texts must be turned into token "
        "numbers before the model. Export the network with optimum and log it as onnx.",
        nearest="onnx",
    ),
    Flavor(
        "diffusers",
        "Diffusers",
        sentence="Diffusers draw images in many steps with random noise, so no two answers agree "
        "and nothing can be proven. Export its networks one by one with optimum, and log each as "
        "onnx.",
        nearest="onnx",
    ),
    Flavor(
        "spacy",
        "spaCy",
        sentence="A spaCy pipeline is rules and Python around small networks of Thinc, which have "
        "no exporter. For text classification train scikit-learn's TfidfVectorizer with a linear "
        "model, which converts.",
        nearest="sklearn",
    ),
    Flavor(
        "fastai",
        "fastai",
        sentence="A fastai Learner carries Python transforms around a torch module. Log the module "
        "inside it (learn.model.eval()) with mlflow.pytorch.",
        nearest="pytorch",
    ),
    Flavor(
        "paddle",
        "PaddlePaddle",
        sentence="Export it with paddle2onnx, which its makers keep up, and log the file as onnx.",
        nearest="onnx",
    ),
    Flavor(
        "crate",
        "R (crate)",
        sentence="A crate is an R function with what it needs, and only R runs it. Refit in "
        "Python, or export the R model with r2pmml and log the document as pmml.",
        nearest="pmml",
    ),
    Flavor(
        "shap",
        "SHAP",
        sentence="An explainer calls the model again for each row; it is no model of its own. "
        "Convert the model that it explains, and compute explanations in Python.",
    ),
    Flavor(
        "johnsnowlabs",
        "John Snow Labs",
        sentence="Its licensed pipelines run on Spark NLP only. Serve it where it is.",
    ),
    Flavor(
        "mxnet",
        "MXNet",
        State.RETIRED,
        "Apache MXNet was retired in 2023 and MLflow dropped its flavor. Export to ONNX with the "
        "last release (mx2onnx), or rebuild the network in PyTorch, and log that.",
        "onnx",
    ),
    Flavor(
        "gluon",
        "Gluon (MXNet)",
        State.RETIRED,
        "Gluon went with Apache MXNet, which was retired in 2023. Export to ONNX with the last "
        "release (mx2onnx), or rebuild the network in PyTorch, and log that.",
        "onnx",
    ),
    Flavor(
        "theano",
        "Theano",
        State.RETIRED,
        "Theano ended in 2017 and has no exporter. Copy its weights into the same layers in Keras "
        "or PyTorch, and log that.",
        "keras",
    ),
    Flavor(
        "pfa",
        "PFA",
        State.RETIRED,
        "The Portable Format for Analytics has had no maintained engine since 2018. Convert the "
        "model that the document was made of, to PMML or ONNX.",
        "pmml",
    ),
    Flavor(
        "cntk",
        "CNTK",
        State.RETIRED,
        "Microsoft ended CNTK in 2019. Its last release (2.7) writes ONNX: "
        "model.save(path, format=ModelFormat.ONNX). Log that file as onnx.",
        "onnx",
    ),
    Flavor(
        "nnvm",
        "NNVM",
        State.RETIRED,
        "NNVM became part of TVM, which compiles models and does not exchange them. Log the model "
        "that it was compiled from.",
        "onnx",
    ),
    Flavor(
        "caffe2",
        "Caffe2",
        State.RETIRED,
        "Caffe2 was merged into PyTorch and then removed. Export it to ONNX with an old release, "
        "and log the file as onnx.",
        "onnx",
    ),
    Flavor(
        "coreml",
        "Core ML (.mlmodel)",
        sentence="Core ML runs on Apple's systems alone, so nothing that it answers can be proven "
        "here, and nothing unproven is published. Export the model that it was made from to ONNX, "
        "or CatBoost's to its own file.",
        nearest="catboost",
    ),
    Flavor(
        "dl4j",
        "DL4J (Keras HDF5)",
        State.RETIRED,
        "Eclipse Deeplearning4j has had no release since 2022, and its own files are read by "
        "nothing else. It imports HDF5 in the layout of Keras 2: log the Keras model itself, which "
        "becomes such a file where Deeplearning4j answers alike, else SavedModel or ONNX.",
        "keras",
    ),
    _outside("langchain", "LangChain", "a program of prompts and calls to other services"),
    _outside("llama_index", "LlamaIndex", "an index and calls to other services"),
    _outside("openai", "OpenAI", "the name of a service and a prompt"),
    _outside("dspy", "DSPy", "a program of prompts and calls to other services"),
    _outside("promptflow", "Prompt flow", "a graph of prompts and calls to other services"),
    _outside("ag2", "AG2", "a conversation of agents that call other services"),
    _outside("smolagents", "smolagents", "an agent that writes and runs Python"),
)
_BY_NAME = {row.name: row for row in FLAVORS}
NAMES = frozenset(_BY_NAME)


def flavor(name: str) -> Flavor | None:
    """The row of this name, or None for a flavor that nobody here knows."""
    return _BY_NAME.get(name)
