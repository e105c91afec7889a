"""Every target with generated Java has a runtime, whose jar is among those that Java is run on."""

from __future__ import annotations

import pytest

from converters import environments
from converters.catalog import TARGETS
from converters.java import runtimes

NAMES = [row.name for row in TARGETS if row.java]


@pytest.mark.parametrize("name", NAMES)
def test_the_library_of_a_target_is_among_the_jars_that_its_java_is_run_on(name):
    runtime = runtimes.of(name)
    assert environments.pinned("java", runtime.group, runtime.artifact)


def test_two_targets_of_a_model_can_be_used_side_by_side():
    suffixes = [runtimes.of(name).suffix for name in NAMES]
    assert len(set(suffixes)) == len(NAMES)


@pytest.mark.parametrize("name", sorted({row.name for row in TARGETS} - set(NAMES)))
def test_a_target_without_java_has_no_runtime(name):
    with pytest.raises(ModuleNotFoundError):
        runtimes.of(name)
