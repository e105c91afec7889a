"""Renders what scores the golden rows: the JUnit test, which compares the answers as parity was
judged, and the class that writes them down for the JVM check."""

from __future__ import annotations

from converters.bundle.manifest import GoldenColumn, Verdict
from converters.contract import OutputKind
from converters.java import names, runtimes, tensors
from converters.java.outputs import READERS
from converters.java.plan import DTYPE_TYPES, Answer, Plan
from converters.java.text import string

_CODES = {"double": "d", "float": "f", "int": "i", "long": "l", "boolean": "z", "String": "s"}


def input_parts(plan: Plan) -> dict[str, str]:
    """What the template of the golden inputs asks."""
    shapes = {"record": _record_rows, "columns": _many_rows, "tensor": tensors.golden_rows}
    needed = ["java.io.IOException", "java.util.SortedMap", "java.util.TreeMap"]
    if plan.shape == "columns":
        needed += ["java.util.ArrayList", "java.util.List"]
    if plan.shape == "tensor":
        needed.append("java.util.Arrays")
    return {
        "imports": "".join(f"import {name};\n" for name in sorted(needed)),
        "rows": str(plan.manifest.golden.rows),
        "inputs": shapes[plan.shape](plan),
    }


def answer_parts(plan: Plan) -> dict[str, str]:
    """What the template of the written answers asks: a file an output, named as its golden one."""
    return {"writes": "".join(_written(plan, answer) for answer in plan.answers)}


def _written(plan: Plan, answer: Answer) -> str:
    head = (
        f'    try (Column column = new Column(folder.resolve("{_golden(plan, answer).file}"))) {{\n'
    )
    loop = f"      for ({plan.prefix}Output output : outputs) {{\n"
    text = ".text()" if answer.closed and answer.label else ""
    one = f"        column.put(output.{answer.name}(){text});\n"
    if answer.array:
        kind = answer.declared.removesuffix("[]")
        kind = f"{plan.prefix}Output.{kind}" if text else kind
        one = (
            f"        for ({kind} value : output.{answer.name}()) {{\n"
            f"          column.put(value{text});\n        }}\n"
        )
    return f"{head}{loop}{one}      }}\n    }}\n"


def parts(plan: Plan) -> dict[str, str]:
    """What the template of the test asks."""
    return {
        "expected": "".join(_expected(plan, answer) for answer in plan.answers),
        "comparisons": "".join(_comparison(plan, answer) for answer in plan.answers),
        "text_test": _text_test(plan),
    }


def _record_rows(plan: Plan) -> str:
    columns = plan.manifest.golden.inputs
    reads, texts, arguments = [], [], []
    for at, (field, column) in enumerate(zip(plan.fields, columns, strict=True)):
        reads.append(_read(f"c{at}", column, "ROWS"))
        value = f"c{at}[i]"
        if field.closed is not None:
            value = f"{plan.prefix}Input.{field.closed.name}.of({value})"
        arguments.append(value)
        if field.type == "String":
            texts.append(f"c{at}[i]")
    skip = ""
    if texts and runtimes.of(plan.manifest.target).garbles:
        skip = f"      boolean reachable = GoldenRows.reachable({', '.join(texts)});\n"
        skip += "      if (!reachable) {\n        continue;\n      }\n"
    return (
        "".join(f"    {line}\n" for line in reads)
        + f"    for (int i = 0; i < ROWS; i++) {{\n{skip}"
        + f"      {plan.prefix}Input input = new {plan.prefix}Input({', '.join(arguments)});\n"
        + "      found.put(i, input);\n    }\n"
    )


def _many_rows(plan: Plan) -> str:
    types = "".join(_CODES[field.type] for field in plan.fields)
    pieces = "\n            + ".join(f'"{types[i : i + 80]}"' for i in range(0, len(types), 80))
    name = f"{plan.prefix}Input"
    return (
        f"    String types =\n        {pieces};\n"
        f"    List<{name}.Builder> builders = new ArrayList<>();\n"
        "    List<Boolean> reachable = new ArrayList<>();\n"
        "    for (int i = 0; i < ROWS; i++) {\n"
        f"      builders.add({name}.builder());\n      reachable.add(true);\n    }}\n"
        "    for (int column = 0; column < types.length(); column++) {\n"
        '      String file = String.format("in-%03d.bin", column);\n'
        f"      String name = {name}.COLUMNS.get(column);\n"
        "      Object values = GoldenRows.column(types.charAt(column), file, ROWS);\n"
        "      for (int i = 0; i < ROWS; i++) {\n"
        f"        {name}.Builder builder = builders.get(i);\n"
        "        if (values instanceof double[] reals) {\n"
        "          builder.set(name, reals[i]);\n"
        "        } else if (values instanceof float[] reals) {\n"
        "          builder.set(name, reals[i]);\n"
        "        } else if (values instanceof long[] wholes) {\n"
        "          builder.set(name, wholes[i]);\n"
        "        } else if (values instanceof int[] wholes) {\n"
        "          builder.set(name, wholes[i]);\n"
        "        } else if (values instanceof boolean[] flags) {\n"
        "          builder.set(name, flags[i]);\n"
        "        } else if (values instanceof String[] texts) {\n"
        "          if (GoldenRows.reachable(texts[i])) {\n"
        "            builder.set(name, texts[i]);\n          } else {\n"
        "            reachable.set(i, false);\n          }\n"
        "        }\n      }\n    }\n"
        "    for (int i = 0; i < ROWS; i++) {\n      if (reachable.get(i)) {\n"
        "        found.put(i, builders.get(i).build());\n      }\n    }\n"
    )


def _read(name: str, column: GoldenColumn, count: str) -> str:
    kind = DTYPE_TYPES[column.dtype]
    return f'{kind}[] {name} = GoldenRows.{READERS[kind]}("{column.file}", {count});'


def _local(answer: Answer) -> str:
    return f"expected{names.capital(answer.name)}"


def _golden(plan: Plan, answer: Answer) -> GoldenColumn:
    return next(c for c in plan.golden if c.name == answer.output.name)


def _expected(plan: Plan, answer: Answer) -> str:
    width = max(answer.output.width, 1)
    count = "ROWS" if width == 1 else f"ROWS * {width}"
    return f"    {_read(_local(answer), _golden(plan, answer), count)}\n"


def _comparison(plan: Plan, answer: Answer) -> str:
    label, name, local = string(answer.output.name), answer.name, _local(answer)
    verdict = _verdict(plan, answer)
    width = max(answer.output.width, 1)
    exact = answer.output.kind is OutputKind.LABEL or answer.type in ("String", "boolean")
    at, indent = (f"i * {width} + k", 8) if answer.array else ("i", 6)
    text = ".text()" if answer.closed and answer.label else ""
    actual = f"output.{name}()[k]{text}" if answer.array else f"output.{name}(){text}"
    arguments = [label, "i", f"{local}[{at}]", actual]
    if not exact:
        arguments += [repr(verdict.tolerance_abs), repr(verdict.tolerance_rel)]
    compare = "same" if exact else "close"
    line = f"{' ' * indent}GoldenRows.{compare}({', '.join(arguments)});\n"
    if not answer.array:
        return line
    return f"      for (int k = 0; k < {width}; k++) {{\n{line}      }}\n"


def _verdict(plan: Plan, answer: Answer) -> Verdict:
    return next(v for v in plan.manifest.parity if v.name == answer.output.name)


def _text_test(plan: Plan) -> str:
    texts = [field for field in plan.fields if field.type == "String"]
    if not texts or not runtimes.of(plan.manifest.target).garbles:
        return ""
    column = string(texts[0].column)
    return (
        "\n  @Test\n  void refusesTextThatTheRuntimeWouldGarble() {\n"
        '    for (String text : List.of("\\uD83D\\uDE00", "a\\u0000b")) {\n'
        "      IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, "
        f"() -> Values.nullableText(text, {column}));\n"
        f"      assertTrue(refused.getMessage().contains({column}));\n    }}\n  }}\n"
    )
