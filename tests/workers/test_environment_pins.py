"""What is built from source is named, pinned by hash, and built by what is pinned beside it."""

import pytest

from converters import environments
from workers.environments import pins_of

FROM_SOURCE = [row for row in environments.ENVIRONMENTS if row.from_source]


def test_only_spark_is_built_from_source():
    assert {row.name: row.from_source for row in FROM_SOURCE} == {"spark": ("pyspark",)}


@pytest.mark.parametrize("row", FROM_SOURCE, ids=lambda row: row.name)
def test_the_source_and_its_build_tools_are_pinned_by_hash(row):
    pins = row.pins.read_text()
    for name in (*row.from_source, *row.build_with):
        told = pins_of(pins, [name])
        assert told.startswith(f"{name}==")
        assert "--hash=sha256:" in told
        assert told.count("==") == 1


def test_a_build_tool_without_a_pin_is_an_error():
    with pytest.raises(ValueError, match="not pinned: hatchling"):
        pins_of("setuptools==80 \\\n    --hash=sha256:00\n", ["setuptools", "hatchling"])
