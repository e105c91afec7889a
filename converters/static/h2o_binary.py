"""Reads which release and which algorithm saved an H2O binary model; no Java is needed.

The file starts with the release, then the names of the classes that the server knew, then the model
itself, as the number of its class among them (water.AutoBuffer's layout).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from converters.environments import environment
from converters.static import networks
from converters.static.errors import Unreadable
from converters.static.finding import Finding

MAGIC = b"\x1c\xed"
LONG = 0xFF
MOST_CLASSES = 20_000
HEAD = 4 << 20
PIN = re.compile(r"^h2o==([0-9.]+)", re.MULTILINE)
# What our own emitters write, and what H2O's own files do not hold.
WRITTEN = ("GBM", "DRF", "GLM", "DeepLearning", "KMeans", "IsolationForest")
WITHOUT_MOJO = ("NaiveBayes", "Aggregator")
WITHOUT_POJO = ("IsolationForest", "ExtendedIsolationForest", "StackedEnsemble", "RuleFit", "GAM")
# They answer no row with a class, a number, a cluster or a score.
UNCOMPARED = ("PCA", "GLRM", "SVD", "Word2Vec", "CoxPH", "Aggregator", "TargetEncoder")
# MOJOs that H2O imports again (hex.generic.Generic), of those whose answers are compared here.
IMPORTED = ("gbm", "drf", "glm", "deeplearning", "isolationforest")
PLAIN_ENCODINGS = ("AUTO", "Enum")
# H2O's own answers of these MOJOs and genmodel's differ where a level is unknown.
IMPUTING = ("glm", "deeplearning")
LEVELS_OF_MOJO = (
    "A MOJO alone of a linear model or a network converts only where it reads numbers: on a level "
    "that it does not know, H2O and genmodel answer differently. Log the model itself with "
    "mlflow.h2o."
)
POJO_OF_MOJO = (
    "H2O writes a POJO of the model that it trained, not of its MOJO. Export the MOJO, or log the "
    "model itself with mlflow.h2o."
)
TITLES = {"onnx": "ONNX", "pmml": "PMML"}


@dataclass(frozen=True)
class Facts:
    """release: e.g. 3.46.0.7. algorithm: the model's class without `Model`, e.g. GBM."""

    release: str
    algorithm: str


def pinned() -> str:
    """The release that converts here; H2O reads binary models of its own release only."""
    told = PIN.search(environment("h2o").pins.read_text(encoding="utf-8"))
    return told[1] if told else ""


def read(content: bytes) -> Facts:
    """What the head of a file says.

    Raises:
        Unreadable: no binary model of H2O's, or one that is cut short.
    """
    if content[:2] != MAGIC:
        raise Unreadable("it is no binary model of H2O's")
    try:
        release, at = _text(content, 2)
        before, at = _number(content, at)
        count, at = _number(content, at)
        _, at = _number(content, at)
        if not 0 <= count <= MOST_CLASSES or before != 0:
            raise Unreadable("its list of classes is damaged")
        names = []
        for _ in range(count):
            name, at = _text(content, at)
            names.append(name)
        root, _ = _number(content, at)
        name = names[root] if 0 <= root < len(names) else ""
    except (struct.error, IndexError) as error:
        raise Unreadable("it is cut short") from error
    if not name.startswith("hex.") or not name.endswith("Model"):
        raise Unreadable("it holds no model")
    return Facts(release, name.rpartition(".")[2].removesuffix("Model"))


def findings(path: Path) -> list[Finding]:
    """What the file rules out.

    Raises:
        Unreadable: as `read`.
    """
    with path.open("rb") as stream:
        content = stream.read(HEAD)
    if content.startswith(b"PK"):
        return _of_mojo(networks.mojo(path))
    facts = read(content)
    own, name = pinned(), facts.algorithm
    if facts.release != own:
        return [Finding("h2o_version", other_release(facts.release, own))]
    if name in UNCOMPARED:
        return [Finding("model_class", f"H2O's {name} models are not compared row by row here.")]
    found = []
    if name not in WRITTEN:
        found += [
            Finding("no_converter", f"H2O's {name} models are not written in {title} here.", target)
            for target, title in TITLES.items()
        ]
    for target, code, without in (
        ("mojo", "no_mojo", WITHOUT_MOJO),
        ("pojo", "no_pojo", WITHOUT_POJO),
    ):
        if name in without:
            sentence = f"H2O writes no {target.upper()} of {name} models; try another target."
            found.append(Finding(code, sentence, target))
    return found


def _of_mojo(info: dict[str, str]) -> list[Finding]:
    """What the `[info]` of a MOJO rules out."""
    if why := not_answered(info):
        return [why]
    algorithm = info.get("algo", "")
    found = [Finding("no_pojo", POJO_OF_MOJO, "pojo")]
    if algorithm in IMPUTING:
        found.append(Finding("model_class", LEVELS_OF_MOJO, caveat=True))
    if algorithm not in {name.lower() for name in WRITTEN}:
        found += [
            Finding("no_converter", f"H2O's {algorithm} MOJOs are not written in {title} here.", to)
            for to, title in TITLES.items()
        ]
    return found


def not_answered(info: dict[str, str]) -> Finding | None:
    """Why a MOJO is not compared with H2O's own answers here; None where it is."""
    saved, algorithm = info.get("h2o_version", ""), info.get("algo", "")
    if saved.split(".")[:2] != pinned().split(".")[:2]:
        return Finding(
            "h2o_version",
            f"The MOJO was written by H2O {saved or '(it does not say which)'}, and here is "
            f"{pinned()}. It is already the file that h2o-genmodel of its release scores; for "
            f"another target, train the model with h2o=={pinned()}.",
        )
    if algorithm not in IMPORTED:
        return Finding(
            "model_class",
            f"A MOJO of {algorithm or 'this kind'} alone is not compared with H2O's own answers "
            f"here; those of {', '.join(IMPORTED)} are. Log the model itself with mlflow.h2o.",
        )
    encoding = info.get("_genmodel_encoding", "AUTO")
    if encoding not in PLAIN_ENCODINGS:
        return Finding(
            "h2o_columns",
            f"The model was trained with categorical_encoding={encoding}: it reads columns that "
            "H2O makes of the given ones, which is proven for no target here. Use 'enum' instead.",
        )
    offset = info.get("offset_column", "null")
    if offset not in ("null", ""):
        return Finding(
            "h2o_offset",
            f"The model was trained with the offset column {offset!r}, which genmodel is given "
            "apart from the row. Train it without, or make it a feature.",
        )
    if info.get("output_anomaly_flag") == "true":
        return Finding(
            "model_class",
            "The isolation forest was trained with a contamination, by which H2O names anomalies; "
            "scores alone are compared here. Train it without.",
        )
    return None


def other_release(saved: str, own: str) -> str:
    """The sentence for a model of a release that is not read here."""
    return (
        f"The model was saved by H2O {saved}; H2O reads binary models of its own release only, "
        f"and here is {own}, the last that exports MOJO files without a licence. Train it with "
        f"h2o=={own} and log it again."
    )


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number below 254 as one byte more than it is, others as a mark and two bytes."""
    if content[at] != LONG:
        return content[at] - 1, at + 1
    return struct.unpack_from("<H", content, at + 1)[0], at + 3


def _text(content: bytes, at: int) -> tuple[str, int]:
    length, at = _number(content, at)
    if length < 0:
        return "", at
    if at + length > len(content):
        raise IndexError(at)
    return content[at : at + length].decode("utf-8", "replace"), at + length
