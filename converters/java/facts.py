"""Renders what a program can ask of a model at run time: its schema, and where it comes from."""

from __future__ import annotations

from converters.contract import Domain
from converters.java import names
from converters.java.plan import Answer, Field, Plan
from converters.java.text import constant_list, string


def schema_parts(plan: Plan) -> dict[str, str]:
    """What the template of the schema asks."""
    domains = {domain.column: domain for domain in plan.manifest.domains}
    lists = names.constants(one.column for one in domains.values() if one.categories)
    columns = [
        _column(plan, field, domains.get(field.column), lists.get(field.column, ""))
        for field in plan.fields
    ]
    long = len(columns) > 250 or lists
    needed = ["java.util.List", "java.util.Optional", *(["java.util.ArrayList"] if long else [])]
    return {
        "imports": "".join(f"import {name};\n" for name in sorted(needed)),
        "categories": "".join(
            constant_list(
                "private static final",
                "String",
                f"{name}_CATEGORIES",
                [string(value) for value in domains[column].categories],
                apart=True,
            )
            + "\n"
            for column, name in lists.items()
        ),
        "inputs": constant_list("public static final", "Column", "INPUTS", columns),
        "outputs": constant_list(
            "public static final", "Answer", "OUTPUTS", [_answer(plan, a) for a in plan.answers]
        ),
    }


def _column(plan: Plan, field: Field, domain: Domain | None, categories: str) -> str:
    own = "" if plan.shape == "columns" else field.name
    words = [string(field.column), string(own), string(field.type), str(field.size)]
    span = "Optional.empty()"
    if domain is not None and domain.low is not None and domain.high is not None:
        span = f"Optional.of(new Range({domain.low!r}, {domain.high!r}))"
    known = f"{categories}_CATEGORIES" if domain is not None and categories else "List.of()"
    closed = domain is not None and domain.closed
    words += [_flag(field.nullable), span, known, _flag(closed)]
    return f"new Column({', '.join(words)})"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _answer(plan: Plan, answer: Answer) -> str:
    output = answer.output
    classes = f"{plan.prefix}Output.{answer.classes}" if answer.classes else "List.of()"
    words = [string(output.name), string(answer.name), string(output.kind), string(answer.type)]
    return f"new Answer({', '.join([*words, str(max(output.width, 1)), classes])})"


def provenance_parts(plan: Plan) -> dict[str, str]:
    """What the template of the provenance asks."""
    manifest = plan.manifest
    texts = {
        "SOURCE": ("The registry that the model was mirrored from.", manifest.source),
        "MODEL": ("The model's name there.", manifest.model),
        "VERSION": ("Its version there.", manifest.version),
        "RUN": ("The run that logged it; empty if none is known.", manifest.run),
        "FLAVOR": ("What it was before it was converted.", manifest.flavor),
        "SHA256": ("The sum of the model file.", manifest.files[manifest.file]),
        "RUNTIME": ("The runtime that it was proven on.", manifest.runtime),
    }
    numbers = {
        "BUILD": ("The number of this build of the version.", "int", str(manifest.build)),
        "ROWS": ("On how many rows it was proven.", "int", str(manifest.rows)),
    }
    lines = [
        f"  /** {words} */\n{_constant('String', name, string(value))}"
        for name, (words, value) in texts.items()
    ]
    lines += [
        f"  /** {words} */\n{_constant(kind, name, value)}"
        for name, (words, kind, value) in numbers.items()
    ]
    verdicts = [
        "new Verdict({}, {}, {}, {}, {}, {}, {})".format(
            *(string(one.name), string(one.kind), one.rows),
            *(repr(one.max_abs), repr(one.max_rel), one.mismatches, one.ties),
        )
        for one in manifest.parity
    ]
    return {
        "constants": "\n".join(lines),
        "parity": constant_list("public static final", "Verdict", "PARITY", verdicts),
    }


def _constant(kind: str, name: str, value: str) -> str:
    return f"  public static final {kind} {name} = {value};\n"


def scorer_parts(plan: Plan) -> dict[str, str]:
    """What the template of the command-line scorer asks."""
    tensor = plan.shape == "tensor"
    header = _COUNT if tensor else _HEADER
    maven = plan.manifest.maven
    table = "its first line names the columns; others than the model's are passed over"
    if tensor:
        table = "its first line is a heading; the values in the model's order"
    heads = [_heading(answer) for answer in plan.answers]
    total = sum(field.size for field in plan.fields)
    return {
        "jar": f"{maven.artifact}-{maven.version}.jar",
        "table": table,
        "header_check": header.format(prefix=plan.prefix, count=total),
        "fields": "".join(_field_lines(answer) for answer in plan.answers),
        "input": _tensor_input(plan) if tensor else _BUILT.format(prefix=plan.prefix),
        "names": constant_list(
            "private static final", "String", "HEADER", [one for part in heads for one in part]
        ),
    }


_HEADER = """\
    for (String column : {prefix}Input.COLUMNS) {{
      if (!header.contains(column)) {{
        throw new IOException("the table has no column " + column);
      }}
    }}
"""
_COUNT = """\
    if (header.size() != {count}) {{
      throw new IOException("the table has " + header.size() + " columns, not {count}");
    }}
"""
_BUILT = """\
      {prefix}Input.Builder builder = {prefix}Input.builder();
      for (int i = 0; i < row.size(); i++) {{
        if ({prefix}Input.COLUMNS.contains(header.get(i))) {{
          builder.parse(header.get(i), row.get(i));
        }}
      }}
      return builder.build();
"""


def _heading(answer: Answer) -> list[str]:
    name = answer.output.name
    if not answer.array:
        return [string(name)]
    classes: list[object] = list(range(answer.output.width))
    if answer.of:
        classes = list(answer.output.classes)
    return [string(f"{name}[{one}]") for one in classes]


def _field_lines(answer: Answer) -> str:
    text = ".text()" if answer.closed is not None and answer.label else ""
    if not answer.array:
        return f"      fields.add(String.valueOf(output.{answer.name}(){text}));\n"
    return (
        f"      for (var value : output.{answer.name}()) {{\n"
        f"        fields.add(String.valueOf(value{text}));\n      }}\n"
    )


def _tensor_input(plan: Plan) -> str:
    reads = {"double": "real", "float": "single", "long": "whole", "int": "count"}
    reads |= {"boolean": "flag"}
    lines = []
    at = 0
    for field in plan.fields:
        value = f"row.get({at} + i)" if at else "row.get(i)"
        if field.type != "String":
            value = f"Values.{reads[field.type]}({value}, header.get({at} + i))"
            value = value.replace("get(0 + i)", "get(i)")
        elif field.nullable:
            value = f"{value}.isEmpty() ? null : {value}"
        lines += [
            f"{field.type}[] {field.name} = new {field.type}[{field.size}];",
            f"for (int i = 0; i < {field.size}; i++) {{",
            f"  {field.name}[i] = {value};",
            "}",
        ]
        at += field.size
    arguments = ", ".join(field.name for field in plan.fields)
    lines.append(f"return new {plan.prefix}Input({arguments});")
    return "".join(f"      {line}\n" for line in lines)
