"""Renders the class that one row of a tensor signature is: one array a tensor, row-major."""

from __future__ import annotations

from converters.java import names, runtimes
from converters.java.outputs import READERS
from converters.java.plan import Feed, Field, Plan
from converters.java.text import javadoc, string


def parts(plan: Plan) -> dict[str, str]:
    """What the template of a tensor input asks."""
    fields = plan.fields
    alone = len(fields) == 1
    name = f"{plan.prefix}Input"
    components = [f"{f.type}{'...' if alone else '[]'} {f.name}" for f in fields]
    runtime = runtimes.of(plan.manifest.target)
    needed = ["java.util.Arrays", *runtime.input_imports(plan.shape)]
    return {
        "imports": "".join(f"import {one};\n" for one in sorted(needed)),
        "javadoc": "\n".join(_param(field, _feed_of(plan, field)) for field in fields),
        "head": f"public record {name}({', '.join(components)}) {{",
        "widths": "\n".join(_width(field, alone) for field in fields),
        "checks": "".join(_check(field, alone) for field in fields),
        "accessors": "\n".join(_accessor(field) for field in fields),
        "put": runtime.tensor_put(plan),
        "equal": "".join(
            f" && Arrays.equals({field.name}, input.{field.name})" for field in fields
        ),
        "hash": _hash(fields),
        "shown": ' + ", " + '.join(
            f'"{field.name}=" + Arrays.toString({field.name})' for field in fields
        ),
    }


def golden_rows(plan: Plan) -> str:
    """The test's reading of its inputs."""
    columns = {column.name: column for column in plan.manifest.golden.inputs}
    reads, arguments, texts = [], [], []
    for at, field in enumerate(plan.fields):
        file, size = columns[field.column].file, field.size
        count = f"ROWS * {size}" if size > 1 else "ROWS"
        reads.append(
            f'    {field.type}[] c{at} = GoldenRows.{READERS[field.type]}("{file}", {count});\n'
        )
        slices = f"Arrays.copyOfRange(c{at}, i * {size}, i * {size} + {size})"
        arguments.append(slices)
        if field.type == "String":
            texts.append(slices)
    skip = ""
    if texts and runtimes.of(plan.manifest.target).garbles:
        tests = " || ".join(f"!GoldenRows.reachable({text})" for text in texts)
        skip = f"      boolean garbled = {tests};\n"
        skip += "      if (garbled) {\n        continue;\n      }\n"
    name = f"{plan.prefix}Input"
    return (
        "".join(reads)
        + f"    for (int i = 0; i < ROWS; i++) {{\n{skip}"
        + f"      {name} input = new {name}({', '.join(arguments)});\n"
        + "      found.put(i, input);\n    }\n"
    )


def _feed_of(plan: Plan, field: Field) -> Feed:
    return next(feed for feed in plan.feeds if field in feed.fields)


def _param(field: Field, feed: Feed) -> str:
    shape = ", ".join(map(str, feed.shape))
    many = f"{field.size} values" if field.size > 1 else "the value"
    missing = ""
    if field.nullable:
        missing = "; null where missing" if field.type == "String" else "; NaN where missing"
    inside = f" of shape [{shape}], row-major" if len(feed.shape) > 1 else ""
    return f" * @param {field.name} {many} of {javadoc(field.column)}{inside}{missing}; copied"


def _constant(field: Field, alone: bool) -> str:
    return "WIDTH" if alone else f"{names.upper(field.name)}_WIDTH"


def _width(field: Field, alone: bool) -> str:
    what = "a row" if alone else f"{{@code {field.name}}}"
    return (
        f"  /** How many values {what} has. */\n"
        f"  public static final int {_constant(field, alone)} = {field.size};\n"
    )


def _check(field: Field, alone: bool) -> str:
    name, column, width = field.name, string(field.column), _constant(field, alone)
    lines = [
        f"    if ({name}.length != {width}) {{",
        f'      throw new IllegalArgumentException({column} + " takes " + {width}'
        f' + " values, not " + {name}.length);',
        "    }",
        f"    {name} = {name}.clone();",
    ]
    check = ""
    if field.type == "String":
        check = "nullableText" if field.nullable else "text"
    elif field.real and not field.nullable:
        check = "present"
    if check:
        lines += [
            f"    for ({field.type} value : {name}) {{",
            f"      Values.{check}(value, {column});",
            "    }",
        ]
    return "".join(f"{line}\n" for line in lines)


def _accessor(field: Field) -> str:
    return (
        f"  /** A copy of the values. */\n  @Override\n  public {field.type}[] {field.name}() {{\n"
        f"    return {field.name}.clone();\n  }}\n"
    )


def _hash(fields: list[Field]) -> str:
    code = f"Arrays.hashCode({fields[0].name})"
    for field in fields[1:]:
        left = f"({code})" if " " in code else code
        code = f"31 * {left} + Arrays.hashCode({field.name})"
    return code
