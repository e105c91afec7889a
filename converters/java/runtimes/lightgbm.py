"""lightgbm4j: LightGBM's C interface, by the wrapping that it brings.

Its own class is passed by: it makes room for two answers a row, whatever the model, and with more
than two classes LightGBM writes beyond that and the JVM ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from converters.java.plan import Plan
from converters.java.runtimes.matrix import Matrix

_CONSTANTS = """\
  private static final int WIDTH = $width;
  private static final int ANSWERS = $answers_a_row;
"""
_OPEN = """\
    LGBMBooster.loadNative();
    SWIGTYPE_p_int rounds = lightgbmlib.new_intp();
    SWIGTYPE_p_long_long answers = lightgbmlib.new_int64_tp();
    SWIGTYPE_p_p_void handle = lightgbmlib.voidpp_handle();
    try {
      String text = new String(content, StandardCharsets.UTF_8);
      opened(lightgbmlib.LGBM_BoosterLoadModelFromString(text, rounds, handle));
      SWIGTYPE_p_void booster = lightgbmlib.voidpp_value(handle);
      int normal = lightgbmlibConstants.C_API_PREDICT_NORMAL;
      opened(lightgbmlib.LGBM_BoosterCalcNumPredict(booster, 1, normal, 0, -1, answers));
      if (lightgbmlib.int64_tp_value(answers) != ANSWERS) {
        throw new IOException("the model does not give " + ANSWERS + " numbers a row");
      }
      return new ${prefix}Model(booster);
    } finally {
      lightgbmlib.delete_intp(rounds);
      lightgbmlib.delete_int64_tp(answers);
      lightgbmlib.delete_voidpp(handle);
    }
  }

  private static void opened(int state) throws IOException {
    if (state != 0) {
      throw new IOException("LightGBM cannot open the model: " + lightgbmlib.LGBM_GetLastError());
    }
"""
_SCORE = """\
  private double[] answers(List<${prefix}Input> rows) {
    double[] row = new double[WIDTH];
    double[] answers = new double[rows.size() * ANSWERS];
    SWIGTYPE_p_double from = lightgbmlib.new_doubleArray((long) rows.size() * WIDTH);
    SWIGTYPE_p_double to = lightgbmlib.new_doubleArray(answers.length);
    SWIGTYPE_p_long_long length = lightgbmlib.new_int64_tp();
    try {
      long next = 0;
      for (${prefix}Input input : rows) {
        input.put(row, 0);
        for (double value : row) {
          lightgbmlib.doubleArray_setitem(from, next++, value);
        }
      }
      predict(from, rows.size(), length, to);
      for (int i = 0; i < answers.length; i++) {
        answers[i] = lightgbmlib.doubleArray_getitem(to, i);
      }
      return answers;
    } finally {
      lightgbmlib.delete_doubleArray(from);
      lightgbmlib.delete_doubleArray(to);
      lightgbmlib.delete_int64_tp(length);
    }
  }

  private void predict(
      SWIGTYPE_p_double from, int rows, SWIGTYPE_p_long_long length, SWIGTYPE_p_double to) {
    SWIGTYPE_p_void matrix = lightgbmlib.double_to_voidp_ptr(from);
    int type = lightgbmlibConstants.C_API_DTYPE_FLOAT64;
    int normal = lightgbmlibConstants.C_API_PREDICT_NORMAL;
    int state =
        lightgbmlib.LGBM_BoosterPredictForMat(
            model, matrix, type, rows, WIDTH, 1, normal, 0, -1, "", length, to);
    if (state != 0) {
      throw new IllegalStateException("LightGBM cannot score: " + lightgbmlib.LGBM_GetLastError());
    }
  }
"""
_SWIG = ("double", "int", "long_long", "p_void", "void")

_CLASSES = (
    *(f"com.microsoft.ml.lightgbm.SWIGTYPE_p_{name}" for name in _SWIG),
    "com.microsoft.ml.lightgbm.lightgbmlib",
    "com.microsoft.ml.lightgbm.lightgbmlibConstants",
    "io.github.metarank.lightgbm4j.LGBMBooster",
    "java.nio.charset.StandardCharsets",
)


class LightGBM4J(Matrix):
    """`com.microsoft.ml.lightgbm`, which LightGBM's own build generates."""

    group = "io.github.metarank"
    artifact = "lightgbm4j"
    suffix = ".lightgbm"
    kind, cell = "double", 8
    needs = (
        "lightgbm4j brings its native library in its jar, for Linux (x86-64, aarch64; glibc 2.29 "
        "or newer, so not Alpine's musl, with `libgomp.so.1` and `libstdc++.so.6` installed), "
        "macOS and Windows (x86-64). It unpacks it into `java.io.tmpdir` at the first use. A "
        "call's rows are spread over all cores; `OMP_NUM_THREADS` sets another number. Do not use "
        "its class `LGBMBooster` for a model of three classes or more: it ends the JVM."
    )
    parts: ClassVar[Mapping[str, str]] = {
        "constants": _CONSTANTS,
        "handle": "SWIGTYPE_p_void",
        "open": _OPEN,
        "answers": _SCORE,
        "free": "        lightgbmlib.LGBM_BoosterFree(model);\n",
    }

    def classes(self, plan: Plan) -> tuple[str, ...]:
        """SWIG's pointers, and what loads the native library."""
        return _CLASSES

    def fills(self, plan: Plan) -> dict[str, str]:
        """How many numbers a row is answered with."""
        (answer,) = plan.answers
        return {"answers_a_row": str(max(1, answer.output.width))}


RUNTIME = LightGBM4J()
