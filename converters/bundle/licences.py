"""The licences that come with a bundle, and what each covers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

LICENCE_DIR = "LICENSES"


@dataclass(frozen=True)
class Licence:
    """One licence: SPDX name, what it covers, and the file in LICENSES/ that tells more."""

    spdx: str
    covers: str
    file: str


_OURS = Licence(
    "Apache-2.0", "the generated Java project, the reports and this README", "Apache-2.0.txt"
)
_OF_TARGET = {
    "onnx": Licence(
        "MIT", "ONNX Runtime, which Maven downloads; not in this bundle", "ONNX-Runtime.txt"
    ),
    "pmml": Licence(
        "AGPL-3.0-only",
        "JPMML-Evaluator, which Maven downloads and the generated Java calls; not in this bundle",
        "JPMML-AGPL-3.0.txt",
    ),
    "xgboost": Licence(
        "Apache-2.0", "XGBoost, which opens the model; not in this bundle", "XGBoost.txt"
    ),
    "lightgbm": Licence(
        "MIT", "LightGBM, which opens the model; not in this bundle", "LightGBM.txt"
    ),
    "catboost": Licence(
        "Apache-2.0", "CatBoost, which opens the model; not in this bundle", "CatBoost.txt"
    ),
    "savedmodel": Licence(
        "Apache-2.0", "TensorFlow, which opens the model; not in this bundle", "TensorFlow.txt"
    ),
    "hdf5": Licence(
        "Apache-2.0", "Deeplearning4j, which opens the model; not in this bundle", "DL4J.txt"
    ),
    "mojo": Licence(
        "Apache-2.0", "h2o-genmodel, which opens the model; not in this bundle", "H2O.txt"
    ),
    "pojo": Licence(
        "Apache-2.0",
        "h2o-genmodel, which the source is compiled with; not in this bundle",
        "H2O.txt",
    ),
    "torchscript": Licence(
        "BSD-3-Clause", "libtorch, which opens the model; not in this bundle", "PyTorch.txt"
    ),
}
_MODEL = Licence(
    "NOASSERTION", "the model itself: its owner's, the registry does not state it", "MODEL.txt"
)


def licences(target: str, java: bool) -> list[Licence]:
    """The licences that matter to whoever uses a bundle of this target.

    java: whether it has a generated Java project.
    """
    ours = _OURS if java else replace(_OURS, covers="the reports and this README")
    return [ours, _OF_TARGET[target], _MODEL]


def write_licences(target: str, folder: Path) -> None:
    """Write the files that `licences` names into `folder`."""
    folder.mkdir()
    texts = resources.files("converters.bundle") / "licences"
    for licence in licences(target, java=True):
        (folder / licence.file).write_bytes((texts / licence.file).read_bytes())
