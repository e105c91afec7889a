"""XGBoost4J: a matrix of floats a call, in native memory that is freed after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from converters.bundle.manifest import Manifest
from converters.java.plan import Plan
from converters.java.runtimes.matrix import Matrix
from converters.native import BASE_SCORES

_PACKAGE = "ml.dmlc.xgboost4j.java"
_CLASSES = tuple(f"{_PACKAGE}.{name}" for name in ("Booster", "DMatrix", "XGBoost", "XGBoostError"))
_OPEN = """\
    try {
      return new ${prefix}Model(XGBoost.loadModel(content));
    } catch (XGBoostError e) {
      throw new IOException("XGBoost cannot open the model: " + e.getMessage(), e);
    }
"""
_SCORE = """\
  private double[] answers(List<${prefix}Input> rows) {
    float[] values = new float[rows.size() * WIDTH];
    int at = 0;
    for (${prefix}Input row : rows) {
      row.put(values, at);
      at += WIDTH;
    }
    for (int i = 0; i < values.length; i++) {
      // XGBoost's matrix takes no infinities: they go as the largest number does.
      values[i] = Math.max(-Float.MAX_VALUE, Math.min(Float.MAX_VALUE, values[i]));
    }
    try {
      DMatrix matrix = new DMatrix(values, rows.size(), WIDTH, Float.NaN);
      try {
        return flat(model.predict(matrix));
      } finally {
        matrix.dispose();
      }
    } catch (XGBoostError e) {
      throw new IllegalStateException("XGBoost cannot score: " + e.getMessage(), e);
    }
  }

  private static double[] flat(float[][] answers) {
    int width = answers[0].length;
    double[] values = new double[answers.length * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = answers[i / width][i % width];
    }
    return values;
  }
"""


class XGBoost4J(Matrix):
    """`ml.dmlc.xgboost4j.java`, which needs nothing of Scala."""

    group = "ml.dmlc"
    artifact = "xgboost4j_2.12"
    unneeded = ("org.scala-lang", "org.scala-lang.modules")
    suffix = ".xgboost"
    kind, cell = "float", 4
    parts: ClassVar[Mapping[str, str]] = {
        "handle": "Booster",
        "open": _OPEN,
        "answers": _SCORE,
        "free": "        model.dispose();\n",
    }
    needs = (
        "XGBoost4J brings its native library in its jar, for Linux (x86-64, aarch64; glibc 2.14 "
        "or newer, so not Alpine's musl, with `libgomp.so.1` and `libstdc++.so.6` installed), "
        "macOS and Windows (x86-64). It unpacks it into `java.io.tmpdir` at the first use. A "
        "call's rows are spread over all cores; `OMP_NUM_THREADS` sets another number, and calls "
        "of several threads wait for each other."
    )

    def lacks(self, manifest: Manifest) -> str:
        """Files with a list of base scores are read by XGBoost 3.1 and newer alone."""
        if BASE_SCORES not in manifest.facts:
            return ""
        return (
            "The model has a base score for each of its outputs, which XGBoost reads since 3.1, "
            f"and XGBoost4J {self.version(manifest)} is the newest that Maven Central has whole. "
            "Export to ONNX for Java, or train it with one base_score."
        )

    def classes(self, plan: Plan) -> tuple[str, ...]:
        """Booster and matrix."""
        return _CLASSES


RUNTIME = XGBoost4J()
