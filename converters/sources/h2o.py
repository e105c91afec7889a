"""Loads what `mlflow.h2o` saved: H2O's binary models, in an H2O server of their own version."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from converters.contract import Column, Output, Signature
from converters.errors import Refused
from converters.sources import h2o_archive, h2o_rows, h2o_server, mlmodel
from converters.sources.h2o_archive import Archive
from converters.sources.loaded import Loaded, Rows
from converters.static import h2o_binary
from converters.trees import h2o as grown
from converters.trees.form import Ensemble, thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from converters.sampling.features import Feature

DATA, SETTINGS = "model.h2o", "h2o.yaml"
# How near a probability is to the threshold for the server's rounding to decide.
HANGS = 1e-9
# Probabilities of several classes this near each other are equal but for rounding.
DRAWN = 1e-12
LABEL, PROBABILITIES, PREDICTION = "label", "probabilities", "prediction"
MEAN_LENGTH = "mean_length"
CLASSIFIERS = ("Binomial", "Multinomial", "Ordinal")
ANOMALY = "AnomalyDetection"
SUPERVISED = (*CLASSIFIERS, "Regression")
CATEGORIES = (*SUPERVISED, "Clustering", ANOMALY)
GROWN = ("gbm", "drf", "isolationforest")


@dataclass
class H2OModel:
    """A model inside the server.

    Attributes:
        model: h2o's own object.
        category: what kind of answers it gives, in H2O's word.
        columns: the features that it was trained on → their levels, None for numbers.
        classes: of a classifier, in its own order.
        file: the MOJO that it was made of, where it was no binary model.
    """

    model: Any
    category: str
    columns: dict[str, list[str] | None]
    classes: list[str]
    file: Path | None = None
    _told: tuple[Any, list[list[str]], set[str]] | None = None

    def table(self, frame: pd.DataFrame, source: str) -> list[list[str]]:
        """What the server predicts of the rows, texts; asked again where a source asks twice."""
        if self._told is not None and source not in self._told[2] and self._told[0].equals(frame):
            self._told[2].add(source)
            return self._told[1]
        server = h2o_server.connected()
        found = h2o_rows.predicted(server, self.model, self.columns, frame)
        self._told = (frame.copy(), found, {source})
        return found

    @property
    def algorithm(self) -> str:
        """H2O's own short name of it: gbm, drf, glm …"""
        return str(self.model.algo) if self.file is None else self.archive.info["algo"]

    @property
    def instead(self) -> str:
        """What its owner may export to where another target is closed."""
        if self.model.have_mojo:
            return "Export it to MOJO."
        return "Try POJO." if self.model.have_pojo else "H2O writes no MOJO of it either."

    @property
    def categories_(self) -> list[npt.NDArray[Any]]:
        """The levels, one array a column that has some."""
        return [np.array(levels, object) for levels in self.columns.values() if levels]

    @property
    def unfilled(self) -> bool:
        """Whether it is k-means as it is: what a missing value counts there, nobody is told."""
        return self.algorithm == "kmeans" and not self.archive.flag("standardize")

    @functools.cached_property
    def archive(self) -> Archive:
        """The MOJO as data; only for algorithms that have one."""
        if self.file is not None:
            return h2o_archive.read(self.file)
        with tempfile.TemporaryDirectory(prefix="mojo-") as scratch:
            path = Path(scratch) / "model.zip"
            self.model.download_mojo(path=str(path))
            return h2o_archive.read(path)

    def reveal(self, features: Sequence[Feature]) -> None:
        """Tell the levels that each column was trained with, and where its trees split it."""
        splits = self._splits()
        for feature in features:
            if feature.name in splits:
                feature.points.append(splits[feature.name])
            levels = self.columns.get(feature.name)
            if levels and feature.dtype == object:
                feature.categories += levels
                feature.unseen = True
            elif levels and feature.dtype.kind in "iu":
                feature.categories += [int(level) for level in levels if _is_whole(level)]

    def _splits(self) -> dict[str, npt.NDArray[np.float64]]:
        """Each number's split points, where the model is made of trees."""
        if self.algorithm not in GROWN:
            return {}
        columns = self.archive.columns
        levels = {
            place: len(self.columns[name] or ())
            for place, name in enumerate(columns)
            if self.columns.get(name) is not None
        }
        trees = [
            grown.read(data, 0, 1, levels, self.archive.order)
            for data in self.archive.trees.values()
        ]
        found = thresholds(Ensemble(tuple(trees), len(columns), 1))
        return {columns[place]: points for place, points in found.items()}


def _is_whole(level: str) -> bool:
    return level.removeprefix("-").isdecimal()


def load(folder: Path, config: dict[str, Any]) -> H2OModel:
    """The model that `mlflow.h2o` saved in `folder`, uploaded to a server.

    Raises:
        Refused: `h2o_version` for a model of another release, `model_unreadable`, `model_class` for
            a kind of model that answers no rows, and what `h2o_server.connected` refuses.
    """
    if (folder / str(config.get("data") or DATA)).is_file():
        from converters.sources import h2o_mojo

        return h2o_mojo.load(mlmodel.model_file(folder, config.get("data")))
    place = mlmodel.model_folder(folder, str(config.get("data") or DATA))
    path = _file(place)
    _same_version(str(config.get("h2o_version") or ""))
    model = taken(h2o_server.connected().upload_model, path)
    told, category = model._model_json["output"], category_of(model)
    _refuse_made_columns(model, told)
    names = [str(name) for name in told["names"]]
    levels = dict(zip(names, told["domains"], strict=True))
    skipped = _beside(model, told)
    columns = {name: levels[name] for name in names if name not in skipped}
    response = names[-1] if category in SUPERVISED else ""
    classes = [str(one) for one in levels.get(response) or []] if category in CLASSIFIERS else []
    return H2OModel(model, category, columns, classes)


def taken(take: Callable[[str], Any], path: Path) -> Any:
    """What a server makes of a model's file.

    Raises:
        Refused: `model_unreadable`; `h2o_server` where the server ended over it.
    """
    from h2o.exceptions import H2OConnectionError, H2OError, H2OResponseError, H2OServerError

    try:
        return take(str(path))
    except H2OConnectionError as error:
        raise h2o_server.gone(error) from error
    except (H2OResponseError, H2OServerError, H2OError, OSError, ValueError) as error:
        raise mlmodel.unreadable(path, error) from error


def category_of(model: Any) -> str:
    """The kind of a model, as H2O names it.

    Raises:
        Refused: `model_class` for one that answers no rows.
    """
    category = str(model._model_json["output"]["model_category"])
    if category not in CATEGORIES:
        raise Refused(
            "model_class",
            f"An H2O model of the kind {category} is not compared row by row here; "
            f"{', '.join(CATEGORIES)} are.",
        )
    return category


def _refuse_made_columns(model: Any, told: Any) -> None:
    """See that the model reads the columns that it is given, and none that it makes of them.

    Raises:
        Refused: `h2o_columns`; `model_class` for an anomaly's name beside its score.
    """
    parameters = model.actual_params
    if float(parameters.get("contamination") or -1.0) > 0.0:
        raise Refused(
            "model_class",
            "The isolation forest was trained with a contamination, by which H2O names anomalies; "
            "scores alone are compared here. Train it without, and compare the score with a "
            "threshold of yours.",
        )
    if parameters.get("interactions") or parameters.get("interaction_pairs"):
        how, instead = "interactions", "Multiply the columns before the model"
    elif told.get("original_names"):
        encoding = parameters.get("categorical_encoding")
        how, instead = f"categorical_encoding={encoding!r}", "Train it with 'enum'"
    else:
        return
    raise Refused(
        "h2o_columns",
        f"The model was trained with {how}: it reads columns that H2O makes of the given ones, "
        f"which is proven for no target here. {instead}, and log it again.",
    )


def _beside(model: Any, told: Any) -> set[str]:
    """Columns that are no features: the response, weights, offset and fold."""
    parameters = model.actual_params if hasattr(model, "actual_params") else {}
    beside = set()
    for name in ("response_column", "weights_column", "fold_column", "offset_column"):
        value = parameters.get(name)
        value = value.get("column_name") if isinstance(value, dict) else value
        if value and name == "offset_column":
            raise Refused(
                "h2o_offset",
                f"The model was trained with the offset column {value!r}, which genmodel is given "
                "apart from the row. Train it without, or make it a feature.",
            )
        if value:
            beside.add(str(value))
    if str(told["model_category"]) in SUPERVISED:
        beside.add(str(told["names"][-1]))
    return beside


def _file(place: Path) -> Path:
    """The binary model, as the settings beside it name it."""
    settings = place / SETTINGS
    told = mlmodel.read_yaml(settings) if settings.is_file() else {}
    named = told.get("model_file") if isinstance(told, dict) else None
    return mlmodel.model_file(place, named)


def _same_version(saved: str) -> None:
    """See that the model was saved by the release that reads it: others cannot.

    Raises:
        Refused: `h2o_version`.
    """
    from importlib.metadata import version

    own = version("h2o")
    if saved and saved != own:
        raise Refused(
            "h2o_version",
            h2o_binary.other_release(saved, own),
        )


def ask(model: Loaded, source: str, frame: Any) -> Any:
    """One output: H2O's own prediction of the rows, typed as the model was trained.

    MLflow's python_function lets H2O guess the types from the rows at hand; a guess may differ
    with the batch, and is right where it is the type of training.
    """
    estimator = model.estimator
    table = estimator.table(frame, source)
    if source == LABEL:
        named = [row[0] if row else "" for row in table]
        if "" in named and "" not in estimator.classes:
            raise ValueError("H2O names no class for a row with a missing value")
        return np.array(named, dtype=object)
    if source == MEAN_LENGTH:
        return np.array([float(row[-1] or "nan") for row in table])
    if source == PREDICTION:
        kind = np.int64 if estimator.category == "Clustering" else np.float64
        # A line of one missing answer is empty.
        return np.array([float(row[0] or "nan") if row else np.nan for row in table]).astype(kind)
    count = len(estimator.classes)
    return np.array([[float(value or "nan") for value in row[1 : count + 1]] for row in table])


def unsettled(model: Loaded, rows: Rows, outputs: list[Output]) -> npt.NDArray[np.bool_]:
    """[N] where a label hangs on the last digits, or on none at all.

    Of two classes H2O names the second from a threshold of its own on, which lies between the
    highest probability that was not enough and the lowest that was. Between several classes that
    are equally probable it draws, by a number that it makes of the row's bits.
    """
    count = len(next(iter(rows.values())))
    classes: list[str] = list(model.estimator.classes or [])
    if len(classes) < 2 or LABEL not in {one.source for one in outputs}:
        return np.zeros(count, dtype=np.bool_)
    frame = model.frame(rows)
    told: Any = ask(model, PROBABILITIES, frame)
    if len(classes) > 2:
        ranked = np.sort(told, axis=1)
        return np.asarray(ranked[:, -1] - ranked[:, -2] <= DRAWN, dtype=np.bool_)
    second = told[:, 1]
    chosen = np.asarray(ask(model, LABEL, frame)).astype(str).ravel()
    named: Any = chosen == str(classes[1])
    if named.all() or not named.any():
        return np.zeros(count, dtype=np.bool_)
    enough, short = second[named].min(), second[~named].max()
    near = np.minimum(np.abs(second - enough), np.abs(second - short)) <= HANGS
    return np.asarray(near & (abs(enough - short) <= HANGS), dtype=np.bool_)


def signature(estimator: H2OModel, document: dict[str, Any], folder: Path) -> Signature:
    """The columns that the model was trained on: numbers, and text for levels."""
    columns = [
        Column(name, "string" if levels else "double") for name, levels in estimator.columns.items()
    ]
    return Signature(columns, origin="estimator")
