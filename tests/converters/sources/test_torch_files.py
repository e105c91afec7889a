"""Damaged files of PyTorch are refused with a sentence, and none of them is a crash."""

import io
import os
import subprocess
import zipfile

import pytest

from tests.converters import jobs
from tests.real_models import elsewhere, torch_models

# Reads each file, and prints the code of its refusal.
READ = """
import pathlib, sys
from converters.errors import Refused
from converters.sources import pytorch
for name in sys.argv[1:]:
    try:
        pytorch.from_file(pathlib.Path(name))
        print("read")
    except Refused as refusal:
        print(refusal.code, refusal.sentence)
"""


def blot(content):
    """Eight bytes of the largest entry turned over, as a bad disk does; nothing else is touched."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        stored = [entry for entry in archive.infolist() if not entry.compress_type]
        largest = max(stored, key=lambda entry: entry.file_size)
        inside = archive.read(largest)
    at = content.index(inside) + len(inside) // 2
    turned = bytes(byte ^ 255 for byte in content[at : at + 8])
    return content[:at] + turned + content[at + 8 :]


DAMAGED = {
    "cut": lambda content: content[: len(content) // 2],
    "head": lambda content: content[:20],
    "empty": lambda content: b"",
    "text": lambda content: b"this is no model\n" * 20,
    "torn": lambda content: content[: len(content) // 3] + bytes(99) + content[len(content) // 3 :],
    "other weights": lambda content: blot(content),
    "tail": lambda content: content[100:],
}
FILES = [("mlp", "model.pth"), ("script", "model.pth"), ("exported", "model.pt2")]


def read(paths):
    """What the source says of each file, all in one child."""
    done = subprocess.run(
        [elsewhere.python(torch_models.ENVIRONMENT), "-c", READ, *map(str, paths)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(jobs.ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """(model, damage) → what the source says of the damaged file."""
    folder = tmp_path_factory.mktemp("damaged")
    cases = [(model, how) for model, _ in FILES for how in DAMAGED]
    paths = []
    for model, file in FILES:
        content = (torch_models.copy(model, folder / model) / "data" / file).read_bytes()
        for how, damage in DAMAGED.items():
            path = folder / f"{model} {how}" / file
            path.parent.mkdir()
            path.write_bytes(damage(content))
            paths.append(path)
    return dict(zip(cases, read(paths), strict=True))


@pytest.mark.parametrize("how", DAMAGED)
@pytest.mark.parametrize("model", [model for model, _ in FILES])
def test_a_damaged_file_is_refused(model, how, said):
    assert said[model, how].split()[0] in ("model_unreadable", "module_missing")


def test_whole_files_are_read(tmp_path):
    paths = [torch_models.copy(m, tmp_path / m) / "data" / file for m, file in FILES]
    assert read(paths) == ["read"] * len(FILES)


def test_a_model_without_its_file_is_refused(tmp_path):
    folder = torch_models.copy("mlp", tmp_path / "model")
    (folder / "data" / "model.pth").unlink()
    job = jobs.make_job(tmp_path / "job", folder, "pytorch", "onnx")
    assert jobs.convert(job).code == "model_file_missing"
