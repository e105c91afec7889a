"""The page /api/docs/: every operation of the API, out of the generated schema."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from portal.api.codes import CODES

METHODS = ("get", "post", "patch", "put", "delete")
Schema = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One parameter or one property of a body, as a row of a table."""

    name: str
    type: str
    required: bool
    about: str
    where: str = ""


@dataclass(frozen=True)
class Answer:
    """One status of one operation."""

    status: str
    about: str
    shape: str


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    about: str
    parameters: list[Field]
    body: list[Field]
    examples: list[tuple[str, str]]
    answers: list[Answer]
    curl: str

    @property
    def plain_get(self) -> bool:
        """Whether a browser can open it as it is."""
        return self.method == "GET" and "{" not in self.path


@dataclass(frozen=True)
class Group:
    """The operations of one noun."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The reference; like the schema it tells nothing about what is mirrored here."""
    schema = _schema()
    context = {
        "groups": groups(schema),
        "shapes": shapes(schema),
        "codes": CODES,
        "title": "API",
        "here": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "api/reference.html", context)


@lru_cache(maxsize=1)
def _schema() -> Schema:
    # It depends on the code alone, so once a process is enough.
    generated: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return generated


def groups(schema: Schema) -> list[Group]:
    """The schema's operations by their tag, in the order of the paths."""
    found: dict[str, Group] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                tag = methods[method].get("tags", ["other"])[0]
                group = found.setdefault(tag, Group(tag))
                group.operations.append(_operation(path, method, methods[method], schema))
    return list(found.values())


def shapes(schema: Schema) -> list[tuple[str, list[Field]]]:
    """The named objects that operations take and give, each with its fields."""
    components = schema.get("components", {}).get("schemas", {})
    return [
        (name, _fields(inner, schema))
        for name, inner in components.items()
        if "properties" in inner
    ]


def _operation(path: str, method: str, raw: Schema, schema: Schema) -> Operation:
    content = raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [
        (example.get("summary", name), json.dumps(example["value"], indent=2))
        for name, example in content.get("examples", {}).items()
    ]
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        about=raw.get("description", ""),
        parameters=[_parameter(one) for one in raw.get("parameters", [])],
        body=_fields(_resolve(content.get("schema", {}), schema), schema),
        examples=examples,
        answers=[_answer(status, one) for status, one in sorted(raw["responses"].items())],
        curl=_curl(path, method, content),
    )


def _parameter(raw: Schema) -> Field:
    return Field(
        raw["name"],
        type_of(raw.get("schema", {})),
        raw.get("required", False),
        raw.get("description", ""),
        raw["in"],
    )


def _fields(raw: Schema, schema: Schema) -> list[Field]:
    required = set(raw.get("required", []))
    return [
        Field(name, type_of(inner), name in required, _about(inner))
        for name, inner in raw.get("properties", {}).items()
    ]


def _about(raw: Schema) -> str:
    # The generated list of an enumeration repeats what the type column says.
    return "" if "enum" in raw or "allOf" in raw else str(raw.get("description", ""))


def _answer(status: str, raw: Schema) -> Answer:
    content: dict[str, Schema] = raw.get("content", {})
    for media, inside in content.items():
        shape = type_of(inside.get("schema", {}))
        return Answer(status, raw.get("description", ""), media if shape == "binary" else shape)
    return Answer(status, raw.get("description", ""), "")


def _resolve(raw: Schema, schema: Schema) -> Schema:
    if "$ref" not in raw:
        return raw
    found: Schema = schema["components"]["schemas"][raw["$ref"].rsplit("/", 1)[1]]
    return found


def type_of(raw: Schema) -> str:
    """A JSON schema in a few words: `string`, `list of ExportShape`, `one of onnx, pmml`."""
    if "$ref" in raw:
        return str(raw["$ref"]).rsplit("/", 1)[1]
    for joint in ("allOf", "oneOf", "anyOf"):
        if joint in raw:
            return " or ".join(type_of(one) for one in raw[joint])
    if "enum" in raw:
        return "one of " + ", ".join(str(value) for value in raw["enum"])
    if raw.get("type") == "array":
        return "list of " + type_of(raw.get("items", {}))
    kinds = raw.get("type", "any")
    names: list[str] = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(str(raw.get("format", name)) for name in names if name != "null") + (
        " or null" if "null" in names else ""
    )


def _curl(path: str, method: str, content: Schema) -> str:
    words = ["curl"]
    if method != "get":
        words.append(f"-X {method.upper()}")
    words.append('-H "Authorization: Bearer $CROSSPORT_TOKEN"')
    examples: list[Schema] = list(content.get("examples", {}).values())
    if examples:
        words += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(examples[0]['value'])}'"]
    return " ".join([*words, f'"$CROSSPORT_URL{path}"'])
