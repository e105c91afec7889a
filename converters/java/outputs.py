"""Renders the record that one answer is, and how it is read from what the runtime returns."""

from __future__ import annotations

from converters.contract import OutputKind
from converters.java import enums, runtimes
from converters.java.plan import BOXED, Answer, Plan, Scalar
from converters.java.text import PART, constant_list, javadoc, string

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
    return {
        "imports": "".join(f"import {name};\n" for name in sorted(_imports(plan))),
        "javadoc": "\n".join(_param(answer) for answer in answers),
        "head": "public record {}Output({}) {{".format(
            plan.prefix, ", ".join(f"{answer.declared} {answer.name}" for answer in answers)
        ),
        "enums": "".join(_enums(answers)),
        "classes": "".join(f"{item}\n" for item in _class_constants(answers)),
        "accessors": "".join(f"{item}\n" for item in _accessors(answers)),
        "equality": _equality(plan) if any(a.array for a in answers) else "",
        "read": runtimes.of(plan.manifest.target).read(plan),
    }


def _imports(plan: Plan) -> set[str]:
    answers = plan.answers
    needed = set()
    if any(answer.classes for answer in answers):
        needed |= {"java.util.List"}
    if any(len(answer.output.classes) > PART and not answer.closed for answer in answers):
        needed |= {"java.util.ArrayList"}
    if any(answer.array for answer in answers):
        needed |= {"java.util.Arrays"}
    if any(answer.by_class for answer in answers):
        needed |= {"java.util.Collections", "java.util.LinkedHashMap", "java.util.Map"}
    if any(answer.closed for answer in answers):
        needed |= set(enums.IMPORTS)
    return needed | runtimes.of(plan.manifest.target).output_imports()


def _enums(answers: list[Answer]) -> list[str]:
    rendered = {}
    for answer in answers:
        if answer.closed is not None and answer.closed.name not in rendered:
            words = "A class that the model names."
            name = answer.output.name
            rendered[answer.closed.name] = enums.render(answer.closed, words, name)
    return list(rendered.values())


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
    return f" * @param {answer.name} {words}; the output {javadoc(answer.output.name)}"


def _class_constants(answers: list[Answer]) -> list[str]:
    constants = {}
    for answer in answers:
        if not answer.classes or answer.classes in constants:
            continue
        head = "  /** The classes, in the model's order. */\n"
        if answer.closed is not None:
            name = answer.closed.name
            line = f"  public static final List<{name}> {answer.classes} ="
            line += f" List.of({name}.values());\n"
            constants[answer.classes] = head + line
            continue
        boxed, _ = class_type(answer.output.classes)
        items = [class_literal(label, boxed) for label in answer.output.classes]
        lines = constant_list("public static final", boxed, answer.classes, items)
        constants[answer.classes] = head + lines
    return list(constants.values())


def _class_types(answer: Answer) -> tuple[str, str]:
    """The type of the classes that a caller sees, boxed and plain."""
    if answer.closed is not None:
        return answer.closed.name, answer.closed.name
    return class_type(answer.output.classes)


def _accessors(answers: list[Answer]) -> list[str]:
    lines = []
    for answer in answers:
        if answer.of:
            lines += [_of_class(answer), _by_class(answer)]
        if answer.array:
            lines.append(
                f"  /** A copy of the values. */\n  @Override\n"
                f"  public {answer.declared} {answer.name}() {{\n"
                f"    return {answer.name}.clone();\n  }}\n"
            )
    return lines


def _of_class(answer: Answer) -> str:
    """The accessor of one class's number."""
    _, plain = _class_types(answer)
    head = f"  public {answer.type} {answer.of}({plain} label) {{\n"
    if answer.closed is not None:
        return (
            f"  /** The entry of {{@code {answer.name}}} for one class. */\n{head}"
            f"    return {answer.name}[label.ordinal()];\n  }}\n"
        )
    return (
        f"  /**\n   * The entry of {{@code {answer.name}}} for one class.\n   *\n"
        "   * @throws IllegalArgumentException if the model does not know the class\n   */\n"
        f"{head}    int at = {answer.classes}.indexOf(label);\n    if (at < 0) {{\n"
        '      throw new IllegalArgumentException("the model has no class " + label);\n'
        f"    }}\n    return {answer.name}[at];\n  }}\n"
    )


def _by_class(answer: Answer) -> str:
    """The accessor of all classes' numbers."""
    boxed, _ = _class_types(answer)
    kind = f"Map<{boxed}, {BOXED[answer.type]}>"
    return (
        f"  /** The entries of {{@code {answer.name}}} by class, in the model's order. */\n"
        f"  public {kind} {answer.by_class}() {{\n"
        f"    {kind} named = new LinkedHashMap<>();\n"
        f"    for (int i = 0; i < {answer.classes}.size(); i++) {{\n"
        f"      named.put({answer.classes}.get(i), {answer.name}[i]);\n    }}\n"
        "    return Collections.unmodifiableMap(named);\n  }\n"
    )


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
        boxed = BOXED[a.type]
        text = a.type == "String" and not (a.closed and a.label)
        whole = not a.output.dtype.startswith("float") and not text
        same.append(
            f"{own} == {other}"
            if whole
            else f"{own}.equals({other})"
            if text
            else f"{boxed}.compare({own}, {other}) == 0"
        )
        plain = a.type == "String"
        codes.append(f"{own}.hashCode()" if plain else f"{boxed}.hashCode({own})")
        words.append(f'"{own}=" + {own}')
    hashes = codes[0]
    for code in codes[1:]:
        hashes = f"31 * ({hashes}) + {code}" if " " in hashes else f"31 * {hashes} + {code}"
    equal = " && ".join([f"other instanceof {name} that", *same])
    shown = ' + ", " + '.join(words)
    return (
        f"  @Override\n  public boolean equals(Object other) {{\n    return {equal};\n  }}\n\n"
        f"  @Override\n  public int hashCode() {{\n    return {hashes};\n  }}\n\n"
        f"  @Override\n  public String toString() {{\n"
        f'    return "{name}[" + {shown} + "]";\n  }}\n\n'
    )
