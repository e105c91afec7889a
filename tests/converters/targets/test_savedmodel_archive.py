"""The one file that holds a SavedModel: equal bytes for equal content, and nothing hostile."""

import types
import zipfile

import pytest

from converters.tensorflow_graph import archive, operations


def folder(place):
    (place / "variables").mkdir(parents=True)
    (place / "saved_model.pb").write_bytes(b"graph")
    (place / "fingerprint.pb").write_bytes(b"differs each time")
    (place / "variables" / "variables.index").write_bytes(b"index")
    return place


def test_a_folder_comes_back_as_it_was_without_its_fingerprint(tmp_path):
    archive.pack(folder(tmp_path / "a"), tmp_path / "one.zip")
    archive.pack(folder(tmp_path / "b"), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    archive.unpack(tmp_path / "one.zip", tmp_path / "back")
    found = {p.relative_to(tmp_path / "back").as_posix() for p in (tmp_path / "back").rglob("*.*")}
    assert found == {"saved_model.pb", "variables/variables.index"}


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("../outside", zipfile.ZIP_STORED),
        ("/absolute", zipfile.ZIP_STORED),
        ("a/../../b", zipfile.ZIP_STORED),
        (".hidden", zipfile.ZIP_STORED),
        ("variables/bomb", zipfile.ZIP_DEFLATED),
    ],
)
def test_a_hostile_entry_is_refused_and_nothing_leaves_the_folder(tmp_path, name, packed):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("saved_model.pb", b"graph")
        made.writestr(name, b"\0" * 4096, packed)
    with pytest.raises(archive.ArchiveError):
        archive.unpack(path, tmp_path / "inside" / "place")
    assert not (tmp_path / "outside").exists()


def test_what_is_no_zip_or_holds_no_graph_is_refused(tmp_path):
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as made:
        made.writestr("other.pb", b"")
    for name in ("no.zip", "empty.zip"):
        with pytest.raises(archive.ArchiveError):
            archive.unpack(tmp_path / name, tmp_path / name.partition(".")[0])


def test_operations_that_reach_out_are_found_inside_functions_too():
    node = types.SimpleNamespace
    function = node(node_def=[node(op="WriteFile"), node(op="MatMul")])
    graph = node(node=[node(op="PyFunc"), node(op="Add")], library=node(function=[function]))
    assert operations.forbidden([graph]) == ["PyFunc", "WriteFile"]
