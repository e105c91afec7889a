"""The schema and the page that shows it: complete, valid, current."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from openapi_spec_validator import validate

from portal.api.codes import CODES

ROOT = Path(__file__).resolve().parents[3]


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.django_db
def test_the_schema_is_valid_openapi_3_1(client: Client):
    answer = client.get("/api/v1/schema/")
    schema = yaml.safe_load(answer.content)
    assert schema["openapi"].startswith("3.1")
    validate(schema)


def test_the_checked_in_schema_is_what_the_code_says():
    command = [sys.executable, str(ROOT / "scripts" / "schema.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_schema_that_has_drifted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    from scripts import schema

    old = tmp_path / "openapi.yaml"
    old.write_text("openapi: 3.1.0\n")
    monkeypatch.setattr(schema, "WRITTEN", old)
    monkeypatch.setattr(schema, "generate", lambda target: target.write_text("new\n") and "")
    assert schema.main(["--check"]) == 1
    assert "make schema" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert old.read_text() == "new\n"


def test_every_operation_tells_what_it_does_and_how_it_fails():
    schema = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    for path, method, operation in operations(schema):
        assert operation.get("description"), (method, path)
        assert "401" in operation["responses"], (method, path)
        if "{" in path:
            assert "404" in operation["responses"], (method, path)


def test_every_resource_that_the_docs_name_is_in_the_schema_and_no_other():
    docs = (ROOT / "docs" / "api.md").read_text()
    named = {
        (method.lower(), "/api/v1/" + path)
        for method, path in re.findall(r"`(GET|POST|DELETE|PATCH) ([a-z][a-z/{}]*)`", docs)
    }
    schema = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    assert named == {(method, path) for path, method, _ in operations(schema)}


@pytest.mark.django_db
def test_the_page_shows_every_operation_and_every_code(client: Client):
    page = client.get("/api/docs/").content.decode()
    schema = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    missing = [path for path, _, _ in operations(schema) if path not in page]
    assert missing == []
    assert [code for code in CODES if f'id="{code}"' not in page] == []
    assert "cdn" not in page.lower()
