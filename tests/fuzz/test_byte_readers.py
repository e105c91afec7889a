"""Damaged bytes: every reader answers or says `Unreadable`, in bounded time, whatever it is given.

The seeds are small files of every kind, kept in `seeds/`; what once broke a reader is kept beside.
"""

import io
import pickle
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converters.errors import Refused
from converters.sources import plain
from converters.static import (
    boosters,
    h2o_binary,
    kinds,
    networks,
    onnx_graph_bytes,
    pickles,
    saved_model,
)
from converters.static.errors import Unreadable

SEEDS = sorted((Path(__file__).parent / "seeds").iterdir())
BYTES = {
    "pickle": pickles.of_bytes,
    "onnx": onnx_graph_bytes.read,
    "saved model": saved_model.operators,
    "xgboost json": boosters.xgboost_json,
    "xgboost ubj": boosters.xgboost_ubj,
    "lightgbm": boosters.lightgbm_text,
    "catboost": boosters.catboost,
    "h2o": h2o_binary.read,
    "hdf5": networks.hdf5_layers,
}
FILES = {
    "identify": kinds.identify,
    "skops": networks.skops_names,
    "skops root": networks.skops_root,
    "keras": networks.keras_layers,
    "mojo": networks.mojo,
}
MODERATE = settings(
    max_examples=150,
    deadline=timedelta(seconds=2),
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NESTED = b'{"learner":' * 5000


@st.composite
def damaged(draw):
    """A seed that was cut, overwritten, repeated or stuffed with bytes in places."""
    content = bytearray(draw(st.sampled_from(SEEDS)).read_bytes())
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["cut", "flip", "insert", "repeat", "long"]))
        if kind == "cut":
            del content[at:]
        elif kind == "flip" and content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "insert":
            content[at:at] = draw(st.binary(max_size=12))
        elif kind == "repeat":
            content[at:at] = content[: draw(st.integers(0, 64))]
        else:
            content[at : at + 4] = b"\xff\xff\xff\x7f"
    return bytes(content)


@pytest.mark.parametrize("reader", BYTES.values(), ids=BYTES)
@given(content=damaged() | st.binary(max_size=200))
@example(content=b"")
@example(content=NESTED)
@example(content=b"\x80\x05" + b"(" * 20_000 + b".")
@example(content=b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f")
@example(content=b"\x78\x9c" + b"\0" * 50)
@example(content=b"\x0a" * 4000)
@MODERATE
def test_a_reader_of_bytes_answers_or_says_unreadable(reader, content):
    try:
        reader(content)
    except Unreadable as error:
        assert str(error)


@pytest.mark.parametrize("reader", FILES.values(), ids=FILES)
@given(content=damaged() | st.binary(max_size=200))
@example(content=b"")
@example(content=b"PK\x03\x04")
@example(content=b"PK\x05\x06" + b"\0" * 18)
@example(content=b"<" + b"a" * 3000)
@MODERATE
def test_a_reader_of_files_answers_or_says_unreadable(tmp_path, reader, content):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    try:
        reader(path)
    except Unreadable as error:
        assert str(error)


@given(content=damaged(), suffix=st.sampled_from(sorted(kinds.SUFFIXES)))
@MODERATE
def test_a_plain_file_becomes_a_document_or_a_refusal_in_one_sentence(tmp_path, content, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    try:
        document = plain.mlmodel_of_file(path)
    except Refused as refusal:
        assert refusal.code in ("mislabelled", "model_unreadable", "plain_file")
        assert refusal.sentence.endswith(".")
    else:
        assert list(document["flavors"])
    path.unlink()


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_every_seed_is_what_it_is_called(path):
    if path.suffix == ".pb":
        assert saved_model.operators(path.read_bytes()) == {"MatMul", "Log1p"}
        return
    if path.suffix == ".h2o":
        assert h2o_binary.read(path.read_bytes()) == h2o_binary.Facts("3.46.0.7", "GBM")
        return
    assert kinds.identify(path).name in kinds.SUFFIXES[path.suffix]


class Explodes:
    def __reduce__(self):
        return (eval, ("1/0",))


def test_a_pickle_that_would_run_code_is_read_and_not_run():
    told = pickles.of_bytes(pickle.dumps(Explodes()))
    assert told.root == "builtins.eval"


def test_a_few_bytes_that_stand_for_a_gigabyte_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(pickles, "MOST_BYTES", 1 << 20)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"[" * (8 << 20))
    path = tmp_path / "bomb.skops"
    path.write_bytes(packed.getvalue())
    start = time.monotonic()
    with pytest.raises(Unreadable, match="larger"):
        networks.skops_names(path)
    import gzip

    with pytest.raises(Unreadable):
        pickles.of_bytes(gzip.compress(b"\x80\x04" + b"(" * (8 << 20)))
    assert time.monotonic() - start < 20
