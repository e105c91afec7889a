"""The README's Python lines name the shapes that the file in the bundle takes."""

import onnxruntime
import pytest

from converters.bundle.build import build
from tests.converters.bundle.jobs import wide_job


@pytest.mark.parametrize("tensor", [False, True])
def test_the_readme_names_the_shape_of_the_one_input(tmp_path, tensor):
    wide_job(tmp_path, [f"c{number}" for number in range(12)], tensor=tensor)
    build(tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "bundle" / "model.onnx"))
    (wanted,) = session.get_inputs()
    assert wanted.shape == ["N", 12]
    text = (tmp_path / "bundle" / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if f"'{wanted.name}':" in line]
    assert line.endswith("shape [N, 12]")
