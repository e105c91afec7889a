"""CatBoost's library for the JVM: an array of floats a row, and one of categories as text."""

from __future__ import annotations

from converters.java.inputs import fed
from converters.java.plan import Field, Plan
from converters.java.runtimes.matrix import Native
from converters.java.runtimes.runtime import Source

_PUT = """\
  /** Puts this row's numbers and categories in the model's order; NaN for a missing number. */
  void put(float[] numbers, String[] words) {"""
_MANY = """\
    int number = 0;
    int word = 0;
    for (int i = 0; i < POSITIONS.length; i++) {
      int at = POSITIONS[i];
      char type = TYPES.charAt(at);
      boolean real = type == 'd' || type == 'f';
      if (WORDS.charAt(i) == 'y') {
        words[word++] = type == 's' ? texts[at] : Long.toString(wholes[at]);
      } else {
        numbers[number++] = real ? (float) reals[at] : (float) wholes[at];
      }
    }
  }

"""
_CONSTANTS = """\
  private static final int NUMBERS = $numbers;
  private static final int WORDS = $words;
"""
_OPEN = """\
    try {
      return new ${prefix}Model(CatBoostModel.loadModel(content));
    } catch (CatBoostError e) {
      throw new IOException("CatBoost cannot open the model: " + e.getMessage(), e);
    }
"""
_SCORE = """\
  private double[] answers(List<${prefix}Input> rows) {
    float[][] numbers = new float[rows.size()][NUMBERS];
    String[][] words = new String[rows.size()][WORDS];
    int at = 0;
    for (${prefix}Input row : rows) {
      row.put(numbers[at], words[at]);
      at++;
    }
    try {
      return model.predict(numbers, words).copyRowMajorPredictions();
    } catch (CatBoostError e) {
      throw new IllegalStateException("CatBoost cannot score: " + e.getMessage(), e);
    }
  }
"""
_FREE = """\
        try {
          model.close();
        } catch (CatBoostError e) {
          throw new IllegalStateException("CatBoost cannot close: " + e.getMessage(), e);
        }
"""


class CatBoost(Native):
    """`ai.catboost`, which answers raw values."""

    group = "ai.catboost"
    artifact = "catboost-prediction"
    suffix = ".catboost"
    needs = (
        "catboost-prediction brings its native library in its jar, for Linux (x86-64, aarch64; "
        "glibc 2.16 or newer, so not Alpine's musl), macOS and Windows (x86-64), and unpacks it "
        "into `java.io.tmpdir` at the first use. It answers raw values, as the outputs here say."
    )

    def input_imports(self, shape: str) -> list[str]:
        """Arrays are filled."""
        return []

    def record_put(self, plan: Plan) -> tuple[str, list[str]]:
        """Each component among the numbers or the categories."""
        lines = [
            f"numbers[{at}] = {fed(field, 'float32')};" for at, field in enumerate(_numbers(plan))
        ]
        lines += [f"words[{at}] = {_word(field)};" for at, field in enumerate(_words(plan))]
        return _PUT, lines

    def many_put(self, plan: Plan) -> str:
        """One loop over the columns."""
        kinds = "".join("yn"[feed.dtype == "float32"] for feed in plan.feeds)
        lines = "\n          + ".join(f'"{kinds[at : at + 80]}"' for at in range(0, len(kinds), 80))
        constant = (
            "  // One letter a column, in that order: y where it is a category.\n"
            f"  private static final String WORDS =\n      {lines};\n\n"
        )
        return f"{constant}{_PUT}\n{_MANY}"

    def tensor_put(self, plan: Plan) -> str:
        """One loop over the values."""
        (field,) = plan.fields
        cast = "" if field.type in ("float",) else "(float) "
        return (
            f"{_PUT}\n    for (int i = 0; i < WIDTH; i++) {{\n"
            f"      numbers[i] = {cast}{field.name}[i];\n    }}\n  }}\n"
        )

    def sources(self, plan: Plan) -> list[Source]:
        """The model's class."""
        numbers, words = sum(field.size for field in _numbers(plan)), len(_words(plan))
        parts = {
            "constants": _CONSTANTS,
            "handle": "CatBoostModel",
            "open": _OPEN,
            "answers": _SCORE,
            "free": _FREE,
        }
        imports = ("ai.catboost.CatBoostError", "ai.catboost.CatBoostModel")
        names = {"numbers": str(numbers), "words": str(words)}
        return self.model(plan, 4 * numbers + 64 * words, imports, parts, names)


RUNTIME = CatBoost()


def _numbers(plan: Plan) -> list[Field]:
    return [field for feed in plan.feeds if feed.dtype == "float32" for field in feed.fields]


def _words(plan: Plan) -> list[Field]:
    return [field for feed in plan.feeds if feed.dtype != "float32" for field in feed.fields]


def _word(field: Field) -> str:
    """A category as CatBoost hashes it in Python: whole numbers in decimal, flags as 1 and 0."""
    if field.type == "boolean":
        return f'this.{field.name} ? "1" : "0"'
    if field.type in ("long", "int"):
        return f"Long.toString(this.{field.name})"
    return fed(field, "string")
