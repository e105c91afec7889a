"""Reads which stages a saved Spark pipeline has from the JSON beside each; Spark is not needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converters.static.errors import TooLarge, Unreadable
from converters.static.finding import Finding

SPARK = ("org.apache.spark.ml.", "pyspark.ml.")
LARGEST = 16 << 20
DEEPEST = 8
PIPELINE = "PipelineModel"
# Models around others → where the fitted one stands.
SEARCHES = {"CrossValidatorModel": "bestModel", "TrainValidationSplitModel": "bestModel"}
FEATURES = (
    *("VectorAssembler", "StringIndexerModel", "OneHotEncoderModel", "IndexToString"),
    *("StandardScalerModel", "MinMaxScalerModel", "MaxAbsScalerModel", "RobustScalerModel"),
    *("ImputerModel", "Bucketizer", "Binarizer", "Normalizer", "PCAModel", "VectorSlicer"),
    *("PolynomialExpansion", "ElementwiseProduct", "ChiSqSelectorModel"),
    *("UnivariateFeatureSelectorModel", "VarianceThresholdSelectorModel"),
    *("VectorSizeHint", "VectorIndexerModel", "DCT"),
)
MODELS = (
    *("LogisticRegressionModel", "LinearRegressionModel", "GeneralizedLinearRegressionModel"),
    *("LinearSVCModel", "DecisionTreeClassificationModel", "DecisionTreeRegressionModel"),
    *("RandomForestClassificationModel", "RandomForestRegressionModel"),
    *("GBTClassificationModel", "GBTRegressionModel", "NaiveBayesModel"),
    *("MultilayerPerceptronClassificationModel", "KMeansModel", "GaussianMixtureModel"),
    *("IsotonicRegressionModel", "OneVsRestModel", "AFTSurvivalRegressionModel"),
    *("FMRegressionModel", "FMClassificationModel"),
)
WRITTEN = frozenset((PIPELINE, *SEARCHES, *FEATURES, *MODELS))
TEXTS = "Split and count words before the model, or train scikit-learn's TfidfVectorizer."
ADVICE = {
    "SQLTransformer": "Compute its statement's columns before the model.",
    "RFormulaModel": "Train with StringIndexer, OneHotEncoder and VectorAssembler in its place.",
    "Interaction": "Compute the products before the model, or use PolynomialExpansion.",
    "FeatureHasher": "Use StringIndexer and OneHotEncoder.",
    "TargetEncoderModel": "Use StringIndexer and OneHotEncoder.",
    "BisectingKMeansModel": "Train KMeans.",
    "LDAModel": "Compute topics before the model.",
    "LocalLDAModel": "Compute topics before the model.",
    "DistributedLDAModel": "Compute topics before the model.",
    "ALSModel": "Store its recommendations as a table: they go by known users and items.",
    "FPGrowthModel": "Store its rules as a table: they go by sets of items.",
    **dict.fromkeys(
        (
            *("Tokenizer", "RegexTokenizer", "HashingTF", "CountVectorizerModel", "IDFModel"),
            *("Word2VecModel", "NGram", "StopWordsRemover"),
        ),
        TEXTS,
    ),
    **dict.fromkeys(
        ("MinHashLSHModel", "BucketedRandomProjectionLSHModel"),
        "Hashes of neighbours are no answers for a row: search in Spark, and store the table.",
    ),
}
USUAL = "Do its work before the model, or replace it by a stage that converts."


@dataclass(frozen=True)
class Stage:
    """One saved stage: its class as its metadata name it, where it is, and the stages inside."""

    kind: str
    folder: Path
    version: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    inside: tuple[Stage, ...] = ()

    @property
    def name(self) -> str:
        """The class's own name."""
        return self.kind.rpartition(".")[2]

    def all(self) -> Iterator[Stage]:
        """This stage and all inside, in their order."""
        yield self
        for one in self.inside:
            yield from one.all()


def read(folder: Path, depth: int = 0) -> Stage:
    """The stage saved in a folder, and all stages inside it.

    Raises:
        Unreadable: its metadata are missing or damaged, or stages nest without end.
    """
    if depth > DEEPEST:
        raise Unreadable(f"its stages are nested more than {DEEPEST} deep")
    told = _metadata(folder)
    kind = told.get("class")
    if not isinstance(kind, str) or not kind:
        raise Unreadable(f"the metadata of {folder.name!r} name no class")
    given = told.get("paramMap")
    params = given if isinstance(given, dict) else {}
    name = kind.rpartition(".")[2]
    inside = tuple(read(one, depth + 1) for one in _inside(folder, name, params))
    return Stage(kind, folder, str(told.get("sparkVersion") or ""), params, inside)


def _inside(folder: Path, name: str, params: dict[str, Any]) -> list[Path]:
    if name in SEARCHES:
        return [folder / SEARCHES[name]]
    if name == "OneVsRestModel":
        return sorted(one for one in folder.glob("model_*") if one.is_dir())
    if name != PIPELINE:
        return []
    uids = params.get("stageUids")
    if not isinstance(uids, list) or not all(isinstance(one, str) for one in uids):
        raise Unreadable("the pipeline's metadata do not list its stages")
    width = len(str(len(uids)))
    return [folder / "stages" / f"{i:0{width}d}_{uid}" for i, uid in enumerate(uids)]


def _metadata(folder: Path) -> dict[str, Any]:
    """The one line of JSON that Spark writes for a stage."""
    parts = sorted((folder / "metadata").glob("part-*"))
    found = [one for one in parts if one.is_file() and one.stat().st_size]
    if not found:
        raise Unreadable(f"the stage {folder.name!r} has no metadata")
    if found[0].stat().st_size > LARGEST:
        raise TooLarge
    try:
        told = json.loads(found[0].read_bytes().partition(b"\n")[0])
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the metadata of {folder.name!r} are no JSON") from error
    if not isinstance(told, dict):
        raise Unreadable(f"the metadata of {folder.name!r} are no record")
    return told


def findings(folder: Path) -> list[Finding]:
    """What a saved pipeline's stages rule out.

    Raises:
        Unreadable: it cannot be read.
    """
    return [found for stage in read(folder).all() if (found := _of_stage(stage)) is not None]


def _of_stage(stage: Stage) -> Finding | None:
    if not stage.kind.startswith(SPARK):
        return Finding(
            "spark_stage",
            f"The pipeline's stage {stage.name} ({stage.kind}) is none of Spark's own, and only "
            "its own code can answer like it. Do its work before the model.",
        )
    if stage.name in WRITTEN:
        return None
    return Finding(
        "spark_stage",
        f"The pipeline's stage {stage.name} is written neither in ONNX nor in PMML here. "
        f"{ADVICE.get(stage.name, USUAL)}",
    )
