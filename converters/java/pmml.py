"""What differs in the Java of a PMML bundle: values go by name, answers come as a map."""

from __future__ import annotations

from converters.java.plan import Answer, Plan
from converters.java.text import string
from converters.targets.pmml_fields import answer_fields, tensor_fields

PUT = """\
  /** Adds this row's values under the columns' own names; null where missing. */
  void put(Map<String, Object> to) {"""
# Java type of an answer → how Results reads it from what JPMML gives.
READERS = {
    "double": "number",
    "float": "real",
    "long": "whole",
    "int": "count",
    "boolean": "flag",
    "String": "text",
}


def tensor_put(plan: Plan) -> str:
    """The method by which a tensor's row goes into the evaluator's map."""
    (field,) = plan.fields
    first = tensor_fields(1)[0].removesuffix("1")
    value = "values[i]"
    if field.real and field.nullable:
        value = f"{field.type.capitalize()}.isNaN({value}) ? null : {value}"
    return (
        "  /** Adds this row's values under the document's field names; null where missing. */\n"
        "  void put(Map<String, Object> to) {\n"
        "    for (int i = 0; i < WIDTH; i++) {\n"
        f"      to.put({string(first)} + (i + 1), {value});\n"
        "    }\n"
        "  }\n"
    )


def read(plan: Plan) -> str:
    """The method that makes an output record of what the evaluator answers."""
    name = f"{plan.prefix}Output"
    lines = [f"  static {name} read(Map<String, ?> results) {{"]
    arguments = []
    for answer in plan.answers:
        fields = _fields(answer)
        reads = [
            labelled(answer, f"Results.{READERS[answer.type]}(results, {string(field)})")
            for field in fields
        ]
        if not answer.array:
            arguments.append(reads[0])
            continue
        kind = answer.declared.removesuffix("[]")
        lines.append(f"    {answer.declared} {answer.name} = new {kind}[{len(reads)}];")
        lines += [f"    {answer.name}[{at}] = {one};" for at, one in enumerate(reads)]
        arguments.append(answer.name)
    one = f"    return new {name}({', '.join(arguments)});"
    return "\n".join([*lines, one, "  }", ""])


def labelled(answer: Answer, text: str) -> str:
    """Text as the constant that it is, where classes are an enum."""
    return f"{answer.closed.name}.of({text})" if answer.closed and answer.label else text


def _fields(answer: Answer) -> list[str]:
    """The document's fields that one output is made of, as the judge read them."""
    return answer_fields(answer.output)
