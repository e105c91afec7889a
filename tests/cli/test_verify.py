"""verify: an honest bundle holds, and each way of not being one is told."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import archive
from cli.outcomes import Refusal
from tests.cli.conftest import Run


def packed(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "report.json":
                file.write(path, path.relative_to(folder).as_posix())
    return target


def test_an_unpacked_bundle_holds(crossport: Run, bundle: Path):
    done = crossport("verify", "--json", bundle)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] > 0


def test_an_archive_holds(crossport: Run, bundle: Path, tmp_path: Path):
    done = crossport("verify", packed(bundle, tmp_path / "bundle.zip"))
    assert done.returncode == 0, done.stderr
    assert "hold" in done.stdout


@pytest.mark.parametrize("name", ["model.onnx", "golden/out-000.bin", "README.md"])
def test_a_file_that_was_changed_does_not_hold(
    crossport: Run, bundle: Path, tmp_path: Path, name: str
):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    done = crossport("verify", copy)
    assert done.returncode == 1, done.stdout
    assert name in done.stderr


def test_a_file_that_was_added_does_not_hold(crossport: Run, bundle: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    (copy / "extra.txt").write_text("x")
    done = crossport("verify", copy)
    assert (done.returncode, "extra.txt" in done.stderr) == (1, True), done.stderr


def test_a_link_in_a_folder_is_refused(crossport: Run, bundle: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    (copy / "link").symlink_to("/etc/passwd")
    done = crossport("verify", copy)
    assert (done.returncode, "hostile_archive" in done.stderr) == (1, True), done.stderr


def out_of_it(file: zipfile.ZipFile) -> None:
    file.writestr("../evil", b"x")


def absolute(file: zipfile.ZipFile) -> None:
    file.writestr("/tmp/evil", b"x")


def link(file: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    file.writestr(entry, "/etc/passwd")


def twice(file: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a", b"1")
        file.writestr("a", b"2")


def two_spellings(file: zipfile.ZipFile) -> None:
    file.writestr("b", b"1")
    file.writestr("./B", b"2")


def file_and_folder(file: zipfile.ZipFile) -> None:
    file.writestr("b", b"1")
    file.writestr("b/c", b"2")


def too_long(file: zipfile.ZipFile) -> None:
    file.writestr("b", b"1")
    file.writestr("é" * 200, b"2")


def bomb(file: zipfile.ZipFile) -> None:
    file.writestr("zeros", bytes(150 * 1024**2))


@pytest.mark.parametrize(
    "attack",
    [out_of_it, absolute, link, twice, two_spellings, file_and_folder, too_long, bomb],
)
def test_a_hostile_archive_is_refused_and_nothing_of_it_is_written(
    tmp_path: Path, attack: Callable[[zipfile.ZipFile], None]
):
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        attack(file)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Refusal) as refusal:
        archive.unpack(path, folder)
    assert refusal.value.code == "hostile_archive"
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_an_archive_cut_short_is_refused(crossport: Run, bundle: Path, tmp_path: Path):
    whole = packed(bundle, tmp_path / "bundle.zip")
    whole.write_bytes(whole.read_bytes()[:-200])
    done = crossport("verify", whole)
    assert (done.returncode, "damaged_archive" in done.stderr) == (1, True), done.stderr


def test_a_bundle_that_is_not_there_is_refused(crossport: Run, tmp_path: Path):
    done = crossport("verify", tmp_path / "nothing.zip")
    assert (done.returncode, "not_found" in done.stderr) == (1, True)


def test_the_java_check_needs_maven_and_says_so(crossport: Run, bundle: Path, tmp_path: Path):
    done = crossport("verify", "--java", bundle, env={"PATH": str(tmp_path)})
    assert (done.returncode, "no_maven" in done.stderr) == (1, True), done.stderr


@pytest.mark.skipif(not shutil.which("mvn"), reason="no Maven on this machine")
def test_the_java_of_a_bundle_builds_and_its_test_passes(crossport: Run, bundle: Path):
    done = crossport("verify", "--java", "--json", bundle, env={"HOME": str(Path.home())})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["java"] == "mvn verify passed"
