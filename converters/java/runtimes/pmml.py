"""JPMML: values go by name, answers come as a map."""

from __future__ import annotations

from importlib import resources

from converters.java.inputs import argument
from converters.java.plan import Answer, Plan
from converters.java.runtimes.runtime import Runtime, Source, labelled
from converters.java.text import string
from converters.targets.pmml_fields import answer_fields, tensor_fields

_PUT = """\
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


class ByName(Runtime):
    """A library that takes a row as a map from the columns' own names to values."""

    def input_imports(self, shape: str) -> list[str]:
        """The map."""
        return ["java.util.Map"]

    def record_put(self, plan: Plan) -> tuple[str, list[str]]:
        """Each component under its column's name."""
        return _PUT, [argument(field) for field in plan.fields]

    def many_put(self, plan: Plan) -> str:
        """One loop over the columns."""
        return (resources.files("converters.java") / "templates/ManyPutPmml.java").read_text(
            "utf-8"
        )


class Jpmml(ByName):
    """`org.jpmml.evaluator`."""

    group = "org.jpmml"
    artifact = "pmml-evaluator-metro"
    suffix = ".pmml"
    terms = (
        "\n**Licence:** it runs on JPMML-Evaluator, which is under the **AGPL-3.0**. Read "
        "`LICENSES/JPMML-AGPL-3.0.txt` before you ship it.\n"
    )

    def tensor_put(self, plan: Plan) -> str:
        """Each value under the field that the document has for it."""
        (field,) = plan.fields
        first = tensor_fields(1)[0].removesuffix("1")
        value = "values[i]"
        if field.real and field.nullable:
            value = f"{field.type.capitalize()}.isNaN({value}) ? null : {value}"
        return (
            "  /** Adds this row's values under the document's field names; null where missing. */"
            "\n  void put(Map<String, Object> to) {\n"
            "    for (int i = 0; i < WIDTH; i++) {\n"
            f"      to.put({string(first)} + (i + 1), {value});\n"
            "    }\n"
            "  }\n"
        )

    def output_imports(self) -> set[str]:
        """The map that answers come in."""
        return {"java.util.Map"}

    def read(self, plan: Plan) -> str:
        """From what the evaluator answers for a row."""
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

    def sources(self, plan: Plan) -> list[Source]:
        """The model, and the reader of what it answers."""
        return [
            Source("Model", "PmmlModel.java", {}),
            Source("Results", "Results.java", {}, own=False),
        ]


RUNTIME = Jpmml()


def _fields(answer: Answer) -> list[str]:
    """The document's fields that one output is made of, as the judge read them."""
    return answer_fields(answer.output)
