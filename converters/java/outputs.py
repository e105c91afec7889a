"""Renders the record that one answer is, and how it is read from what the runtime returns."""

from __future__ import annotations

from converters.contract import OutputKind
from converters.java import pmml
from converters.java.plan import Answer, Plan, Scalar
from converters.java.text import call, constant_list, javadoc, string, wrapped

# Java type → the reader in Tensors and GoldenRows.
READERS = {
    "double": "doubles",
    "float": "floats",
    "long": "longs",
    "int": "ints",
    "boolean": "booleans",
    "String": "texts",
}
_WORDS = {
    OutputKind.LABEL: "the class that the model names",
    OutputKind.PROBABILITIES: "one probability a class, in the order of {@link #CLASSES}",
    OutputKind.SCORES: "the model's scores, higher is likelier",
    OutputKind.VALUES: "what the model predicts",
}


def parts(plan: Plan) -> dict[str, str]:
    """What the template of an output asks."""
    answers = plan.answers
    imports = {"java.util.List", "java.util.Arrays" if any(a.array for a in answers) else ""}
    if plan.manifest.target == "onnx":
        imports |= {"ai.onnxruntime.OrtSession"}
        if any(a.type == "String" for a in answers):
            imports |= {"ai.onnxruntime.OrtException"}
    else:
        imports |= {"java.util.Map"}
    return {
        "imports": "".join(f"import {name};\n" for name in sorted(imports - {""})),
        "javadoc": "\n".join(_param(answer) for answer in answers),
        "head": call(
            0,
            f"public record {plan.prefix}Output(",
            [f"{answer.declared} {answer.name}" for answer in answers],
            ") {",
        ).rstrip(),
        "classes": "".join(f"{item}\n" for item in _class_constants(answers)),
        "accessors": "".join(f"{item}\n" for item in _accessors(answers)),
        "equality": _equality(plan) if any(a.array for a in answers) else "",
        "read": _read_tensors(plan) if plan.manifest.target == "onnx" else pmml.read(plan),
    }


def class_type(classes: list[Scalar]) -> tuple[str, str]:
    """The Java type of a model's classes, boxed and plain."""
    if all(isinstance(label, bool) for label in classes):
        return "Boolean", "boolean"
    if all(isinstance(label, int) for label in classes):
        return "Long", "long"
    if all(isinstance(label, int | float) for label in classes):
        return "Double", "double"
    return "String", "String"


def class_literal(label: Scalar, boxed: str) -> str:
    """One class as a Java expression."""
    if boxed == "Boolean":
        return "true" if label else "false"
    if boxed == "Long":
        return f"{label}L"
    if boxed == "Double":
        return repr(float(label))
    return string(str(label))


def _param(answer: Answer) -> str:
    words = _WORDS[answer.output.kind]
    if answer.output.kind is OutputKind.PROBABILITIES and not answer.classes:
        words = "probabilities"
    words = words.replace("#CLASSES", f"#{answer.classes}")
    text = f"@param {answer.name} {words}; the output {javadoc(answer.output.name)}"
    return wrapped(text, " * ", " *     ")


def _class_constants(answers: list[Answer]) -> list[str]:
    constants = {}
    for answer in answers:
        if answer.classes and answer.classes not in constants:
            boxed, _ = class_type(answer.output.classes)
            items = [class_literal(label, boxed) for label in answer.output.classes]
            constants[answer.classes] = "  /** The classes, in the model's order. */\n" + (
                constant_list("public static final", boxed, answer.classes, items)
            )
    return list(constants.values())


def _accessors(answers: list[Answer]) -> list[str]:
    lines = []
    for answer in answers:
        if answer.of:
            _, plain = class_type(answer.output.classes)
            lines.append(
                f"  /**\n   * The entry of {{@code {answer.name}}} for one class.\n   *\n"
                "   * @throws IllegalArgumentException if the model does not know the class\n"
                "   */\n"
                f"  public {answer.type} {answer.of}({plain} label) {{\n"
                f"    int at = {answer.classes}.indexOf(label);\n    if (at < 0) {{\n"
                '      throw new IllegalArgumentException("the model has no class " + label);\n'
                f"    }}\n    return {answer.name}[at];\n  }}\n"
            )
        if answer.array:
            lines.append(
                f"  /** A copy of the values. */\n  @Override\n"
                f"  public {answer.declared} {answer.name}() {{\n"
                f"    return {answer.name}.clone();\n  }}\n"
            )
    return lines


def _equality(plan: Plan) -> str:
    name = f"{plan.prefix}Output"
    same, codes, words = [], [], []
    for a in plan.answers:
        own, other = a.name, f"that.{a.name}"
        if a.array:
            same.append(f"Arrays.equals({own}, {other})")
            codes.append(f"Arrays.hashCode({own})")
            words.append(f'"{own}=" + Arrays.toString({own})')
            continue
        boxed = {"int": "Integer", "String": "String"}.get(a.type, a.type.capitalize())
        whole = a.type in ("int", "long", "boolean")
        same.append(
            f"{own} == {other}"
            if whole
            else f"{own}.equals({other})"
            if a.type == "String"
            else f"{boxed}.compare({own}, {other}) == 0"
        )
        codes.append(f"{own}.hashCode()" if a.type == "String" else f"{boxed}.hashCode({own})")
        words.append(f'"{own}=" + {own}')
    hashes = codes[0]
    for code in codes[1:]:
        hashes = f"31 * ({hashes}) + {code}" if " " in hashes else f"31 * {hashes} + {code}"
    equal = "\n        && ".join([f"other instanceof {name} that", *same])
    shown = '\n        + ", "\n        + '.join(words)
    return (
        f"  @Override\n  public boolean equals(Object other) {{\n    return {equal};\n  }}\n\n"
        f"  @Override\n  public int hashCode() {{\n    return {hashes};\n  }}\n\n"
        f"  @Override\n  public String toString() {{\n"
        f'    return "{name}["\n        + {shown}\n        + "]";\n  }}\n\n'
    )


def _read_tensors(plan: Plan) -> str:
    name = f"{plan.prefix}Output"
    head = f"  static void read(OrtSession.Result result, int rows, List<{name}> to)"
    throws = any(a.type == "String" for a in plan.answers)
    lines = [f"{head}\n      throws OrtException {{" if throws else f"{head} {{"]
    arguments = []
    for a in plan.answers:
        width = a.output.width
        count = f"rows * {width}" if width > 1 else "rows"
        call = f"Tensors.{READERS[a.type]}(result, {string(a.output.name)}, {count})"
        lines.append(f"    {a.type}[] {a.name} = {call};")
        slices = f"Arrays.copyOfRange({a.name}, i * {width}, i * {width} + {width})"
        arguments.append(slices if a.array else f"{a.name}[i]")
    lines += ["    for (int i = 0; i < rows; i++) {"]
    one = f"      to.add(new {name}({', '.join(arguments)}));"
    if len(one) > 100:
        joined = ",\n              ".join(arguments)
        one = f"      to.add(\n          new {name}(\n              {joined}));"
    return "\n".join([*lines, one, "    }", "  }", ""])
