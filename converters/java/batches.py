"""Renders the memory that rows go through: typed views of an ONNX file's inputs and outputs."""

from __future__ import annotations

from converters.java import names
from converters.java.plan import Answer, Feed, Plan
from converters.java.text import constant_list, javadoc, string

# dtype of an input → ONNX Runtime's word for it, and the bytes of one value.
ONNX_TYPES = {
    "float64": ("DOUBLE", 8),
    "float32": ("FLOAT", 4),
    "int64": ("INT64", 8),
    "int32": ("INT32", 4),
    "bool": ("BOOL", 1),
    "string": ("STRING", 8),
}
_VIEWS = {
    "float64": "DoubleBuffer",
    "float32": "FloatBuffer",
    "int64": "LongBuffer",
    "int32": "IntBuffer",
    "bool": "ByteBuffer",
}
# Files of more inputs than this have no method for each: they are asked for by name.
MOST_METHODS = 120


def output(answer: Answer) -> str:
    """The accessor of an output's memory."""
    return f"output{names.capital(answer.name)}"


def feed_parts(plan: Plan) -> dict[str, str]:
    """What the template of the feeds asks."""
    inputs = [_feed(feed.name, feed.dtype, feed.shape) for feed in plan.feeds]
    outputs = [
        _feed(one.output.name, one.output.dtype, one.output.shape or _width(one))
        for one in plan.answers
    ]
    needed = ["java.util.List", "java.util.stream.LongStream"]
    if len(inputs) > 250:
        needed.append("java.util.ArrayList")
    return {
        "imports": "".join(f"import {name};\n" for name in sorted(needed)),
        "inputs": constant_list("static final", "Feed", "INPUTS", inputs),
        "outputs": constant_list("static final", "Feed", "OUTPUTS", outputs),
    }


def _width(answer: Answer) -> list[int]:
    return [answer.output.width] if answer.array else []


def _feed(name: str, dtype: str, shape: list[int]) -> str:
    words = [string(name), f"OnnxJavaType.{ONNX_TYPES[dtype][0]}", *map(str, shape)]
    return f"new Feed({', '.join(words)})"


def parts(plan: Plan) -> dict[str, str]:
    """What the template of the batch asks."""
    ins = _inputs(plan.feeds) if len(plan.feeds) <= MOST_METHODS else []
    outs = [
        (output(one), one.output.dtype, f"answers[{at}]", f"answeredTexts[{at}]", _output_doc(one))
        for at, one in enumerate(plan.answers)
    ]
    numbers = [
        (name, _VIEWS[dtype], place)
        for name, dtype, place, _, _ in [*ins, *outs]
        if dtype != "string"
    ]
    needed = {"java.util.Arrays", "java.util.HashMap", "java.util.HashSet", "java.util.List"}
    needed |= {"java.util.Map", "java.util.Objects", "java.util.Set"}
    needed |= {f"java.nio.{kind}" for _, kind, _ in numbers} - {"java.nio.ByteBuffer"}
    return {
        "imports": "".join(f"import {name};\n" for name in sorted(needed)),
        "views": "".join(f"  private final {kind} {name};\n" for name, kind, _ in numbers),
        "view_code": "".join(
            f"    {name} = {place}{_as(kind)};\n" for name, kind, place in numbers
        ),
        "accessors": "".join(
            [_accessor(*one) for one in [*ins, *outs]] + ([] if ins else [_BY_NAME])
        ),
    }


def _inputs(feeds: list[Feed]) -> list[tuple[str, str, str, str, str]]:
    chosen = names.fields(feed.name for feed in feeds)
    found = []
    for at, feed in enumerate(feeds):
        name = chosen[feed.name]
        words = f"The input {javadoc(feed.name)}"
        if len(feed.fields) > 1:
            words += ", its columns in the order of the signature"
        words += f"; {_values(feed.width)}."
        place = f"numbers[{at}]", f"texts[{at}]"
        found.append((f"input{names.capital(name)}", feed.dtype, *place, words))
    return found


def _values(width: int) -> str:
    return "one value a row" if width == 1 else f"{width} values a row"


def _output_doc(answer: Answer) -> str:
    words = f"The output {javadoc(answer.output.name)}; {_values(max(answer.output.width, 1))}"
    return f"{words}, as the last call left it."


def _as(kind: str) -> str:
    return "" if kind == "ByteBuffer" else f".as{kind}()"


def _accessor(name: str, dtype: str, numbers: str, texts: str, words: str) -> str:
    if dtype == "string":
        kind, value = "String[]", texts
    else:
        kind, value = _VIEWS[dtype], f"{name}.clear()"
    if dtype == "bool":
        words += " 1 stands for true."
    return f"  /** {words} */\n  public {kind} {name}() {{\n    return {value};\n  }}\n\n"


_BY_NAME = """\
  /**
   * The memory of one numeric input, in the order of bytes of this machine.
   *
   * @throws IllegalArgumentException if the file has no such input
   */
  public ByteBuffer input(String name) {
    for (int i = 0; i < numbers.length; i++) {
      if (numbers[i] != null && Feeds.INPUTS.get(i).name().equals(name)) {
        return numbers[i].clear();
      }
    }
    throw new IllegalArgumentException("the model has no numeric input " + name);
  }

"""
