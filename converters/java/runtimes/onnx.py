"""ONNX Runtime: tensors in memory of the caller's own, numbers in buffers and text in arrays."""

from __future__ import annotations

from importlib import resources
from string import Template

from converters.contract import Input, Output
from converters.errors import Refused
from converters.java import batches
from converters.java.inputs import put, tensor_puts
from converters.java.plan import Answer, Plan
from converters.java.runtimes.runtime import Runtime, Source, labelled

# What one call's memory may hold, and the most rows that are scored in one call.
BUFFER_BYTES = 8 << 20
MOST_ROWS = 4096
_PUT = """\
  /** Adds this row to the tensors: numbers at the buffers' positions, text by row. */
  void put(ByteBuffer[] numbers, String[][] texts, int row) {"""
_TEXT_CHECK = """\
    if (value.chars().anyMatch(c -> c == 0 || Character.isSurrogate((char) c))) {
      throw new IllegalArgumentException(
          "`"
              + column
              + "` holds a character that ONNX Runtime's Java API garbles: one beyond "
              + "U+FFFF, or a NUL");
    }
"""
# The file has no null: there an empty text is a missing value, and answers as one.
_EMPTY_CHECK = """\
      if (value.isEmpty()) {
        throw new IllegalArgumentException(
            "`" + column + "` must not be empty: give null where a value is missing");
      }
"""
_OWN_SETUP = Template("""\
    batch = new ${prefix}Batch(rows);
    inputs.forEach(batch::put);
""")
_OWN_MEMORY = Template("""
  @Benchmark
  public ${prefix}Batch inMemoryOfTheCallersOwn() {
    model.score(batch);
    return batch;
  }
""")


class OnnxRuntime(Runtime):
    """`ai.onnxruntime`; its JNI reads text as modified UTF-8, which differs beyond U+FFFF."""

    group = "com.microsoft.onnxruntime"
    artifact = "onnxruntime"
    unreachable = "c -> c == 0 || Character.isSurrogate((char) c)"
    text_check = _TEXT_CHECK
    empty_check = _EMPTY_CHECK

    def takes(self, text: str) -> bool:
        """Empty text is a missing value to the file."""
        return bool(text) and not _beyond_bmp(text)

    def check_input(self, item: Input) -> None:
        """Names go through JNI too."""
        if _beyond_bmp(item.name):
            raise Refused(
                "name_beyond_bmp",
                f"The column {item.name!r} holds a character that ONNX Runtime's Java API garbles "
                "in names (one beyond U+FFFF, or a NUL): rename the column, export with "
                "inputs=tensor, or export to PMML.",
            )

    def check_output(self, output: Output) -> None:
        """Classes come back through JNI."""
        for label in output.classes:
            if isinstance(label, str) and _beyond_bmp(label):
                raise Refused(
                    "label_beyond_bmp",
                    f"The class {label!r} holds a character that ONNX Runtime's Java API garbles "
                    "(one beyond U+FFFF, or a NUL): rename the class, or export to PMML.",
                )

    def input_imports(self, shape: str) -> list[str]:
        """Buffers; where columns are many, the types that they are looked up by."""
        many = ["ai.onnxruntime.OnnxJavaType"] if shape == "columns" else []
        return ["java.nio.ByteBuffer", *many]

    def record_put(self, plan: Plan) -> tuple[str, list[str]]:
        """Each component into the buffer or array of its input."""
        lines = [
            put(at, position, feed, field)
            for at, feed in enumerate(plan.feeds)
            for position, field in enumerate(feed.fields)
        ]
        return _PUT, lines

    def many_put(self, plan: Plan) -> str:
        """One loop over the file's inputs."""
        return (resources.files("converters.java") / "templates/ManyPutOnnx.java").read_text(
            "utf-8"
        )

    def tensor_put(self, plan: Plan) -> str:
        """One loop a tensor."""
        body = "".join(f"    {line}\n" for line in tensor_puts(plan))
        return f"{_PUT}\n{body}  }}\n"

    def output_imports(self) -> set[str]:
        """A batch is of the same package."""
        return set()

    def read(self, plan: Plan) -> str:
        """One row of a scored batch."""
        name = f"{plan.prefix}Output"
        lines = [f"  static {name} read({plan.prefix}Batch batch, int row) {{"]
        arguments = []
        for answer in plan.answers:
            source = f"batch.{batches.output(answer)}()"
            if answer.array:
                lines += _read_array(answer, source)
                arguments.append(answer.name)
            elif answer.type == "String":
                arguments.append(labelled(answer, f"{source}[row]"))
            elif answer.type == "boolean":
                arguments.append(f"{source}.get(row) != 0")
            else:
                arguments.append(f"{source}.get(row)")
        lines += [f"    return new {name}({', '.join(arguments)});", "  }", ""]
        return "\n".join(lines)

    def sources(self, plan: Plan) -> list[Source]:
        """The model, the memory that rows go through, and the options of its session."""
        wide = sum(feed.width * batches.ONNX_TYPES[feed.dtype][1] for feed in plan.feeds)
        rows = max(1, min(MOST_ROWS, BUFFER_BYTES // wide))
        return [
            Source("Model", "OnnxModel.java", {"most_rows": str(rows)}),
            Source("Batch", "Batch.java", batches.parts(plan)),
            Source("Options", "Options.java", {}),
            Source("Feeds", "Feeds.java", batches.feed_parts(plan), own=False),
            Source("Tensors", "Tensors.java", {}, own=False),
        ]

    def benchmark(self, plan: Plan) -> dict[str, str]:
        """Scoring in memory of the caller's own."""
        return {
            "own_memory": _OWN_MEMORY.substitute(prefix=plan.prefix),
            "own_setup": _OWN_SETUP.substitute(prefix=plan.prefix),
            "own_state": f"  private {plan.prefix}Batch batch;\n",
        }

    def hot_path(self, plan: Plan) -> str:
        """The batch, and the options."""
        prefix = plan.prefix
        return (
            "Where every microsecond counts, own the memory: it is filled, scored and read again "
            "and again without garbage.\n\n"
            f"```java\ntry (var batch = new {prefix}Batch(1000)) {{\n"
            "  batch.clear();\n  inputs.forEach(batch::put); // or write into its input buffers\n"
            "  model.score(batch);\n"
            f"  var answers = batch.{batches.output(plan.answers[0])}();\n}}\n```\n\n"
            f"`{prefix}Options` sets threads, a CUDA device and how far the runtime optimises; the "
            "answers were proven with its default, one thread a call.\n\n"
        )


RUNTIME = OnnxRuntime()


def _read_array(answer: Answer, source: str) -> list[str]:
    name, width = answer.name, answer.output.width
    plain = answer.type not in ("String", "boolean")
    lines = [f"    {answer.declared} {name} = new {answer.declared[:-2]}[{width}];"]
    if plain:
        return [*lines, f"    {source}.get(row * {width}, {name});"]
    value = f"{source}[row * {width} + i]"
    if answer.type == "boolean":
        value = f"{source}.get(row * {width} + i) != 0"
    return [
        *lines,
        f"    for (int i = 0; i < {width}; i++) {{",
        f"      {name}[i] = {labelled(answer, value)};",
        "    }",
    ]


def _beyond_bmp(text: str) -> bool:
    """Whether JNI's modified UTF-8, in which ONNX Runtime's Java API reads text, differs for it."""
    return any(ord(c) > 0xFFFF or c == "\0" for c in text)
