"""Every flavor → target that Crossport knows, as data; pre-flight, dispatch and child read it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from converters.environments import STANDARD


class Queue(StrEnum):
    """Where a route's jobs wait."""

    SYNC = "sync"
    CPU = "cpu"
    GPU = "gpu"


@dataclass(frozen=True)
class Route:
    """One flavor → target conversion.

    convert: `module:function`, resolved only in the convert child; a test resolves every row.
    minutes: wall-clock limit of each child.
    memory_mb: limit of a child's private memory (RLIMIT_DATA).
    environment: the Python environment that loads and converts the model (converters.environments).
    """

    flavor: str
    target: str
    convert: str
    queue: Queue
    minutes: int = 10
    memory_mb: int = 6144
    environment: str = STANDARD

    @property
    def key(self) -> str:
        return f"{self.flavor}-{self.target}"


@dataclass(frozen=True)
class Target:
    """What a version can be exported to, as people see it.

    environment: the Python environment that holds its runtime, in which the judge scores.
    loads: libraries that the judge may load for it although some of their files can hold code;
        this target's cannot.
    java: whether the bundle carries a generated Java project for it.
    may_lack_java: whether a bundle is published without, and says why, where its Java cannot be
        generated or does not answer right: the file is of use by itself.
    opening: how the file is opened by hand, for README.md and the page of a bundle without Java.
    in_jvm: whether the runtime that judges is the one of the JVM itself.
    jars: the set of jars that the judge's JVM loads (converters.environments); empty where its
        Python package brings them.
    """

    name: str
    title: str
    file: str
    runtime: str
    licence_note: str = ""
    environment: str = STANDARD
    java: bool = False
    may_lack_java: bool = False
    loads: tuple[str, ...] = ()
    opening: str = ""
    in_jvm: bool = False
    jars: str = ""


_TORCHSCRIPT = (
    "On the JVM: DJL's PyTorch engine (`ai.djl.pytorch:pytorch-engine`), with "
    '`optEngine("PyTorch")`. Tensors go in by position, in the order of the manifest\'s inputs, '
    "and come out in that of its outputs."
)
_SAVEDMODEL = (
    'On the JVM: unzip it, then `SavedModelBundle.load("saved_model", "serve")` of '
    "`org.tensorflow:tensorflow-core-platform`, and "
    '`bundle.function("serving_default").call(tensors)`, tensors by the names of the manifest\'s '
    "inputs; its outputs come back by name. In Python: "
    '`tensorflow.saved_model.load("saved_model").signatures["serving_default"](**tensors)`.'
)
_XGBOOST = (
    'On the JVM: `XGBoost.loadModel("model.ubj")` of `ml.dmlc:xgboost4j_2.12`. Features go as '
    "floats in the order of the manifest's columns, NaN for a missing one. Where `facts` of the "
    "manifest tells of a list of base scores, versions before 3.1 take it for 0 and say nothing."
)
_LIGHTGBM = (
    "On the JVM: `LGBMBooster.loadModelFromString(text)` of `io.github.metarank:lightgbm4j`. "
    "Features go as doubles in the order of the manifest's columns, NaN for a missing one."
)
_CATBOOST = (
    'On the JVM: `CatBoostModel.loadModel("model.cbm")` of `ai.catboost:catboost-prediction`, '
    "which answers raw values. Numbers go as floats, categories as text, each in the order of the "
    "manifest's columns."
)
_MOJO = (
    'On the JVM: `new EasyPredictModelWrapper(MojoModel.load("model.zip"))` of '
    "`ai.h2o:h2o-genmodel`. Numbers go into RowData as doubles, levels as text; a missing value is "
    "left out."
)
_POJO = (
    "On the JVM: put `Model.java` among your sources (a package line may go on top) and "
    "`ai.h2o:h2o-genmodel` in the same version on the class path, then "
    "`new EasyPredictModelWrapper(new Model())`. Numbers go into RowData as doubles, levels as "
    "text; a missing value is left out."
)
_HDF5 = (
    'On the JVM: `KerasModelImport.importKerasModelAndWeights("model.h5", false)` of '
    "`org.deeplearning4j:deeplearning4j-modelimport`, with `org.nd4j:nd4j-native`, in the same "
    "version, which answers `graph.output(tensors)`. Tensors are of floats, rows first and "
    "channels last, in the order of the manifest's inputs, and come out in that of its outputs."
)
# What boosters' libraries import for their wrapper classes.
_SCIKIT_LEARN = ("sklearn", "joblib", "cloudpickle")

TARGETS = (
    Target("onnx", "ONNX", "model.onnx", "ONNX Runtime", java=True),
    Target("pmml", "PMML", "model.pmml", "JPMML", "JPMML is AGPL-3.0", java=True),
    Target(
        "torchscript",
        "TorchScript",
        "model.pt",
        "libtorch",
        environment="torch",
        opening=_TORCHSCRIPT,
    ),
    Target(
        "savedmodel",
        "SavedModel",
        "saved_model.zip",
        "TensorFlow",
        environment="tensorflow",
        opening=_SAVEDMODEL,
    ),
    Target(
        "xgboost",
        "XGBoost",
        "model.ubj",
        "XGBoost4J",
        java=True,
        may_lack_java=True,
        loads=("xgboost", *_SCIKIT_LEARN),
        opening=_XGBOOST,
    ),
    Target(
        "lightgbm",
        "LightGBM",
        "model.txt",
        "lightgbm4j",
        java=True,
        may_lack_java=True,
        loads=("lightgbm", *_SCIKIT_LEARN),
        opening=_LIGHTGBM,
    ),
    Target(
        "catboost",
        "CatBoost",
        "model.cbm",
        "catboost-prediction",
        java=True,
        may_lack_java=True,
        loads=("catboost", *_SCIKIT_LEARN),
        opening=_CATBOOST,
    ),
    Target(
        *("hdf5", "HDF5 (DL4J)", "model.h5", "Deeplearning4j"),
        opening=_HDF5,
        in_jvm=True,
        jars="dl4j",
    ),
    Target(
        *("mojo", "MOJO", "model.zip", "h2o-genmodel"),
        environment="h2o",
        java=True,
        may_lack_java=True,
        opening=_MOJO,
        in_jvm=True,
    ),
    Target(
        *("pojo", "POJO", "Model.java", "h2o-genmodel"),
        environment="h2o",
        opening=_POJO,
        in_jvm=True,
    ),
)

# Where a bundle can be asked to run.
PROFILES = ("java-cpu",)

ROUTES = (
    Route("sklearn", "onnx", "converters.routes.sklearn_onnx:convert", Queue.CPU),
    Route("xgboost", "onnx", "converters.routes.xgboost_onnx:convert", Queue.CPU),
    Route("lightgbm", "onnx", "converters.routes.lightgbm_onnx:convert", Queue.CPU),
    Route("catboost", "onnx", "converters.routes.catboost_onnx:convert", Queue.CPU),
    Route(
        *("pytorch", "onnx", "converters.routes.pytorch_onnx:convert", Queue.CPU),
        minutes=15,
        environment="torch",
    ),
    Route(
        *("transformers", "onnx", "converters.routes.pytorch_onnx:convert", Queue.CPU),
        minutes=30,
        memory_mb=12288,
        environment="torch",
    ),
    Route(
        *("sentence_transformers", "onnx", "converters.routes.pytorch_onnx:convert", Queue.CPU),
        minutes=30,
        memory_mb=12288,
        environment="torch",
    ),
    Route(
        *("pytorch", "torchscript", "converters.routes.pytorch_torchscript:convert", Queue.CPU),
        minutes=15,
        environment="torch",
    ),
    Route("sklearn", "pmml", "converters.routes.sklearn_pmml:convert", Queue.CPU, minutes=15),
    Route("pmml", "pmml", "converters.routes.pmml_pmml:convert", Queue.CPU),
    Route("onnx", "onnx", "converters.routes.onnx_onnx:convert", Queue.CPU, memory_mb=8192),
    Route("xgboost", "pmml", "converters.routes.xgboost_pmml:convert", Queue.CPU),
    Route("lightgbm", "pmml", "converters.routes.lightgbm_pmml:convert", Queue.CPU),
    Route("catboost", "pmml", "converters.routes.catboost_pmml:convert", Queue.CPU),
    Route(
        "tensorflow",
        "onnx",
        "converters.routes.tensorflow_onnx:convert",
        Queue.CPU,
        minutes=15,
        memory_mb=8192,
        environment="tensorflow",
    ),
    Route(
        "tensorflow",
        "savedmodel",
        "converters.routes.tensorflow_savedmodel:convert",
        Queue.CPU,
        minutes=15,
        memory_mb=8192,
        environment="tensorflow",
    ),
    Route(
        "keras",
        "onnx",
        "converters.routes.keras_onnx:convert",
        Queue.CPU,
        minutes=15,
        memory_mb=8192,
        environment="tensorflow",
    ),
    Route(
        "keras",
        "savedmodel",
        "converters.routes.keras_savedmodel:convert",
        Queue.CPU,
        minutes=15,
        memory_mb=8192,
        environment="tensorflow",
    ),
    Route(
        *("tensorflow", "hdf5", "converters.routes.tensorflow_hdf5:convert", Queue.CPU),
        minutes=15,
        memory_mb=8192,
        environment="tensorflow",
    ),
    Route(
        *("keras", "hdf5", "converters.routes.keras_hdf5:convert", Queue.CPU),
        minutes=15,
        memory_mb=8192,
        environment="tensorflow",
    ),
    Route(
        *("statsmodels", "onnx", "converters.routes.statsmodels_onnx:convert", Queue.CPU),
        environment="statistics",
    ),
    Route(
        *("statsmodels", "pmml", "converters.routes.statsmodels_pmml:convert", Queue.CPU),
        environment="statistics",
    ),
    Route(
        *("h2o", "onnx", "converters.routes.h2o_onnx:convert", Queue.CPU),
        minutes=15,
        environment="h2o",
    ),
    Route(
        *("h2o", "pmml", "converters.routes.h2o_pmml:convert", Queue.CPU),
        minutes=15,
        environment="h2o",
    ),
    Route(
        *("h2o", "mojo", "converters.routes.h2o_mojo:convert", Queue.CPU),
        minutes=15,
        environment="h2o",
    ),
    Route(
        *("spark", "onnx", "converters.routes.spark_onnx:convert", Queue.CPU),
        minutes=15,
        memory_mb=8192,
        environment="spark",
    ),
    Route(
        *("spark", "pmml", "converters.routes.spark_pmml:convert", Queue.CPU),
        minutes=15,
        memory_mb=8192,
        environment="spark",
    ),
    Route(
        *("h2o", "pojo", "converters.routes.h2o_pojo:convert", Queue.CPU),
        minutes=15,
        environment="h2o",
    ),
    Route("xgboost", "xgboost", "converters.routes.xgboost_native:convert", Queue.CPU),
    Route("lightgbm", "lightgbm", "converters.routes.lightgbm_native:convert", Queue.CPU),
    Route("catboost", "catboost", "converters.routes.catboost_native:convert", Queue.CPU),
    # Wrappers come last: a flavor of its own is always the better way.
    Route("python_function", "onnx", "converters.routes.pyfunc_onnx:convert", Queue.CPU),
    Route(
        "python_function", "pmml", "converters.routes.pyfunc_pmml:convert", Queue.CPU, minutes=15
    ),
)


def route(flavor: str, target: str) -> Route | None:
    """The row for this flavor and target, or None where there is none."""
    return next((row for row in ROUTES if (row.flavor, row.target) == (flavor, target)), None)


def target(name: str) -> Target | None:
    """The target of this name, or None."""
    return next((row for row in TARGETS if row.name == name), None)
