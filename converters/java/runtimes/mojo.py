"""H2O's genmodel: a row goes in by name, levels as text; what comes back knows its kind."""

from __future__ import annotations

from converters.bundle.manifest import Manifest
from converters.contract import OutputKind
from converters.java.plan import Answer, Plan
from converters.java.runtimes.pmml import ByName
from converters.java.runtimes.runtime import Pinned, Source, labelled

# Scored by an artifact of its own, with a library that genmodel does not bring.
XGBOOST = "xgboost"
# What the judge calls an anomaly's other answer, its mean path.
MEAN_LENGTH = "mean_length"


class Genmodel(Pinned, ByName):
    """`hex.genmodel`, plain Java."""

    group = "ai.h2o"
    artifact = "h2o-genmodel"
    suffix = ".mojo"
    needs = "It is plain Java and needs nothing else of the machine."

    def lacks(self, manifest: Manifest) -> str:
        """What another artifact than genmodel scores."""
        if manifest.facts.get("algorithm") != XGBOOST:
            return ""
        return (
            "MOJOs of H2O's XGBoost are scored by ai.h2o:h2o-genmodel-ext-xgboost, for which there "
            "is none yet. Export to ONNX for Java, or train a GBM."
        )

    def tensor_put(self, plan: Plan) -> str:
        """An H2O model takes columns by name, and is refused without."""
        raise ValueError("an H2O model takes columns by name")

    def output_imports(self) -> set[str]:
        """What every answer is."""
        return {"hex.genmodel.easy.prediction.AbstractPrediction"}

    def read(self, plan: Plan) -> str:
        """From genmodel's answer for a row."""
        name = f"{plan.prefix}Output"
        reads = ", ".join(_read(answer) for answer in plan.answers)
        return (
            f"  static {name} read(AbstractPrediction told) {{\n"
            f"    return new {name}({reads});\n  }}\n"
        )

    def sources(self, plan: Plan) -> list[Source]:
        """The model, and the reader of what it answers."""
        return [
            Source("Model", "MojoModel.java", {}),
            Source("Predictions", "Predictions.java", {}, own=False),
        ]


RUNTIME = Genmodel()


def _read(answer: Answer) -> str:
    output = answer.output
    if output.kind is OutputKind.LABEL:
        return labelled(answer, "Predictions.label(told)")
    if output.kind is OutputKind.PROBABILITIES:
        return "Predictions.probabilities(told)"
    if output.source == MEAN_LENGTH:
        return "Predictions.meanLength(told)"
    return "Predictions.value(told)" if answer.type == "double" else "Predictions.cluster(told)"
