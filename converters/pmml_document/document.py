"""The PMML 4.4 document around formulas and tree ensembles, the same bytes for the same model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from converters.pmml_document.cells import BOOLEAN, DOUBLE, FLOAT, STRING, Cell
from converters.pmml_document.compile import Program
from converters.pmml_document.formulas import Formulas, text
from converters.trees import pmml as trees

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<PMML xmlns="http://www.dmg.org/PMML-4_4" '
    'xmlns:data="http://jpmml.org/jpmml-model/InlineTable" version="4.4">'
    '<Header><Application name="Crossport"/></Header>'
)
# The last segment answers something whatever the row, or JPMML would give no outputs at all.
CONSTANT = (
    '<RegressionModel functionName="regression"><MiningSchema/>{}'
    '<RegressionTable intercept="0"/></RegressionModel>'
)
KINDS = {DOUBLE: "continuous", FLOAT: "continuous", BOOLEAN: "categorical", STRING: "categorical"}


@dataclass(frozen=True)
class DataField:
    """One field of the data: its name and PMML type."""

    name: str
    dtype: str


@dataclass(frozen=True)
class OutputField:
    """One answer: its name, the cell that computes it, and the PMML type that it is given in."""

    name: str
    cell: Cell
    dtype: str


def written(fields: Sequence[DataField], outputs: Sequence[OutputField], program: Program) -> str:
    """The document.

    Raises:
        Refused: `pmml_text` where a name or category holds what XML cannot carry.
    """
    wanted = [one.cell for one in outputs]
    for summed in program.ensembles:
        wanted += [summed.features[place] for place in trees.used(summed.ensemble)]
    formulas = Formulas(wanted, taken=frozenset(field.name for field in fields))
    segments = []
    for summed in program.ensembles:
        needed = trees.used(summed.ensemble)
        names = {place: formulas.name(summed.features[place]) for place in needed}
        for target, output in enumerate(summed.outputs):
            if output.is_constant:
                continue
            segments.append(trees.model(summed.ensemble, target, names, str(output.value)))
    told = "".join(_output(one, formulas) for one in outputs)
    return f"{HEAD}{_dictionary(fields)}{_model(fields, told, formulas, segments)}</PMML>\n"


def _dictionary(fields: Sequence[DataField]) -> str:
    inside = "".join(
        f'<DataField name={text(field.name)} optype="{KINDS[field.dtype]}" '
        f'dataType="{field.dtype}"/>'
        for field in fields
    )
    return f"<DataDictionary>{inside}</DataDictionary>"


def _output(one: OutputField, formulas: Formulas) -> str:
    content = formulas.expression(one.cell)
    return (
        f'<OutputField name={text(one.name)} optype="{KINDS.get(one.dtype, "categorical")}" '
        f'dataType="{one.dtype}" feature="transformedValue">{content}</OutputField>'
    )


def _model(
    fields: Sequence[DataField], outputs: str, formulas: Formulas, segments: Sequence[str]
) -> str:
    schema = "".join(
        f'<MiningField name={text(field.name)} invalidValueTreatment="asIs"/>' for field in fields
    )
    head = (
        f"<MiningSchema>{schema}</MiningSchema><Output>{outputs}</Output>"
        f"<LocalTransformations>{''.join(formulas.fields)}</LocalTransformations>"
    )
    head = head.replace("<LocalTransformations></LocalTransformations>", "")
    if not segments:
        model = CONSTANT.replace("<MiningSchema/>{}", head)
        return model
    inside = "".join(
        f'<Segment id="{place}"><True/>{segment}</Segment>'
        for place, segment in enumerate([*segments, CONSTANT.format("")], 1)
    )
    return (
        f'<MiningModel functionName="regression">{head}'
        f'<Segmentation multipleModelMethod="modelChain">{inside}</Segmentation></MiningModel>'
    )
