"""Renders the class that one row of columns is: a record, or a class over arrays where many."""

from __future__ import annotations

from converters.java import enums, runtimes
from converters.java.plan import BOXED, Feed, Field, Plan
from converters.java.text import constant_list, javadoc, string

PUT = {
    "float64": "putDouble",
    "float32": "putFloat",
    "int64": "putLong",
    "int32": "putInt",
    "bool": "put",
}
# Java type → the reading of one value out of text.
_PARSES = {
    "double": "real",
    "float": "single",
    "long": "whole",
    "int": "count",
    "boolean": "flag",
}
_CAST = {"float64": "double", "float32": "float", "int64": "long", "int32": "int"}
# From Java type to the file's: where Java widens by itself without loss no cast is written.
_WIDENS = {
    "double": {"float64"},
    "float": {"float32", "float64"},
    "int": {"int32", "int64", "float64"},
    "long": {"int64"},
}


def record_parts(plan: Plan) -> dict[str, str]:
    """What the template of a record input asks."""
    fields = plan.fields
    put_head, puts = runtimes.of(plan.manifest.target).record_put(plan)
    return {
        "javadoc": _record_javadoc(plan),
        "head": "public record {}Input({}) {{".format(
            plan.prefix, ", ".join(f"{field.declared} {field.name}" for field in fields)
        ),
        "columns": columns_constant(plan),
        "checks": "".join(f"    {line}\n" for field in fields for line in _checks(field)),
        "put_javadoc": put_head,
        "puts": "".join(f"    {line}\n" for line in puts),
        "imports": _imports(plan, ["java.util.BitSet", "java.util.List"]),
        "enums": "".join(
            enums.render(field.closed, _closed_words(field), field.column)
            for field in fields
            if field.closed is not None
        ),
        "builder_fields": "".join(
            f"    private {field.declared} {field.name};\n" for field in fields
        ),
        "parses": "".join(_parse(field) for field in fields),
        "setters": "\n".join(_setter(at, field) for at, field in enumerate(fields)),
        "result": "      return new {}Input({});".format(
            plan.prefix, ", ".join(f"this.{field.name}" for field in fields)
        ),
    }


def many_parts(plan: Plan) -> dict[str, str]:
    """What the template of an input with many columns asks."""
    codes = {"double": "d", "float": "f", "int": "i", "long": "l", "boolean": "z", "String": "s"}
    order = [field.column for feed in plan.feeds for field in feed.fields]
    columns = [field.column for field in plan.fields]
    needed = ["java.util.HashMap", "java.util.List", "java.util.Map"]
    parts = {
        "count": str(len(columns)),
        "columns": columns_constant(plan),
        "types": _long_string("".join(codes[field.type] for field in plan.fields)),
        "nullable": _long_string("".join("ny"[field.nullable] for field in plan.fields)),
        "order": "  private static final List<String> ORDER = COLUMNS;\n",
        "imports": _imports(plan, needed),
        "puts": "",
        "put_code": runtimes.of(plan.manifest.target).many_put(plan),
    }
    if order != columns:
        parts["order"] = constant_list(
            "private static final", "String", "ORDER", [string(column) for column in order]
        )
    return parts


def columns_constant(plan: Plan) -> str:
    """The constant that keeps the columns' own names."""
    names = [string(field.column) for field in plan.fields]
    return constant_list("public static final", "String", "COLUMNS", names)


def _record_javadoc(plan: Plan) -> str:
    lines = []
    for field in plan.fields:
        missing = "; null where missing" if field.nullable else ""
        words = f"the column {{@code {_code(field.column)}}}{missing}"
        lines.append(f" * @param {field.name} {words}")
    return "\n".join(lines)


def _code(column: str) -> str:
    """A column's name inside {@code}, where entities are not read."""
    plain = all(c.isprintable() and c not in "{}\\@*/" for c in column)
    return column if plain else javadoc("".join(c if c not in "{}\\@*/" else "_" for c in column))


def _closed_words(field: Field) -> str:
    column = javadoc(field.column)
    return f"The values that the column {column} may have; the model refuses all others."


def _checks(field: Field) -> list[str]:
    column = string(field.column)
    if field.closed is not None:
        return [] if field.nullable else [f"Values.given({field.name}, {column});"]
    if field.type == "String":
        check = "nullableText" if field.nullable else "text"
        return [f"Values.{check}({field.name}, {column});"]
    if field.real and field.nullable:
        return [f"{field.name} = Values.orNull({field.name});"]
    if field.real:
        return [f"Values.present({field.name}, {column});"]
    return []


def _setter(at: int, field: Field) -> str:
    lines = [
        f"    public Builder {field.name}({field.declared} value) {{",
        f"      this.{field.name} = value;",
        f"      given.set({at});",
        "      return this;",
        "    }",
    ]
    if field.closed is not None:
        lines += [
            "",
            "    /** The same, as the model knows it. */",
            f"    public Builder {field.name}(String value) {{",
            f"      return {field.name}({field.closed.name}.of(value));",
            "    }",
        ]
    return "".join(f"{line}\n" for line in lines)


def _parse(field: Field) -> str:
    """The case of one column in the builder's reading of text."""
    column = string(field.column)
    if field.type == "String":
        empty = "text == null || text.isEmpty() ? null : text" if field.nullable else "text"
        closed = f"{field.closed.name}.of({empty})" if field.closed is not None else empty
        one = f"{field.name}({closed})"
    else:
        one = f"{field.name}(Values.{_PARSES[field.type]}(text, {column}))"
    return f"        case {column} -> {one};\n"


def put(at: int, position: int, feed: Feed, field: Field) -> str:
    """The statement that puts a component into the buffer or the array of its input."""
    value = fed(field, feed.dtype)
    if feed.dtype != "string":
        return f"numbers[{at}].{PUT[feed.dtype]}({value});"
    place = "row" if feed.width == 1 else f"row * {feed.width} + {position}"
    return f"texts[{at}][{place}] = {value};"


def tensor_puts(plan: Plan) -> list[str]:
    """The statements that put a row's arrays into the buffers and arrays of the file's inputs."""
    lines = []
    for at, feed in enumerate(plan.feeds):
        for field in feed.fields:
            lines += _tensor_put(at, feed, field)
    return lines


def _tensor_put(at: int, feed: Feed, field: Field) -> list[str]:
    value = value_of("value", field, feed.dtype)
    if feed.dtype != "string":
        one = f"numbers[{at}].{PUT[feed.dtype]}({value});"
        return [f"for ({field.type} value : {field.name}) {{", f"  {one}", "}"]
    return [
        f"for (int i = 0; i < {field.size}; i++) {{",
        f"  String value = {field.name}[i];",
        f"  texts[{at}][row * {feed.width} + i] = {value};",
        "}",
    ]


def fed(field: Field, dtype: str) -> str:
    """A component as an input of this dtype takes it; NaN for a missing number."""
    return value_of(_plain(field), field, dtype)


def _plain(field: Field) -> str:
    """A component as its primitive, or as text."""
    own = f"this.{field.name}"
    if field.closed is not None:
        return _text_of(field, own)
    if field.real and field.nullable:
        return f"({own} == null ? {BOXED[field.type]}.NaN : {own})"
    return own


def _text_of(field: Field, own: str) -> str:
    """The text of an enum's constant; of none where it may be missing."""
    return f"({own} == null ? null : {own}.text())" if field.nullable else f"{own}.text()"


def argument(field: Field) -> str:
    """The statement that puts a component into a map, under its column's name."""
    own = f"this.{field.name}"
    value = own if field.closed is None else _text_of(field, own)
    return f"to.put({string(field.column)}, {value});"


def value_of(expression: str, field: Field, dtype: str) -> str:
    """A field as the file takes it, in the same steps as the judge took: numpy's casts."""
    if field.type == "String" and dtype == "string":
        # The judge feeds an empty string for a null.
        if not field.nullable:
            return expression
        own = f"this.{field.name}" if field.closed is not None else expression
        text = f"{own}.text()" if field.closed is not None else own
        return f'{own} == null ? "" : {text}'
    if "string" in (dtype, field.type.lower()):
        raise ValueError(f"{field.column}: {field.type} cannot be fed to a {dtype} input")
    if field.type == "boolean":
        kind = "byte" if dtype == "bool" else _CAST[dtype]
        return f"({kind}) ({expression} ? 1 : 0)"
    if dtype == "bool":
        return f"(byte) ({expression} != 0 ? 1 : 0)"
    return expression if dtype in _WIDENS[field.type] else f"({_CAST[dtype]}) {expression}"


def _imports(plan: Plan, needed: list[str]) -> str:
    needed = [*needed, *runtimes.of(plan.manifest.target).input_imports(plan.shape)]
    if len(plan.fields) > 250:
        needed = [*needed, "java.util.ArrayList"]
    if any(field.closed is not None for field in plan.fields):
        needed = [*needed, *enums.IMPORTS]
    return "".join(f"import {name};\n" for name in sorted(set(needed)))


def _long_string(value: str) -> str:
    """A string expression that stays within a line and within a constant's 65,535 bytes."""
    parts = [f'"{value[at : at + 80]}"' for at in range(0, len(value), 80)]
    return "\n          + ".join(parts)
