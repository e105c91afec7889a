"""POJO: Java source that H2O wrote, compiled by this machine's javac and scored by genmodel."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from converters.native import pojo_source
from converters.targets import genmodel
from converters.targets.genmodel import GenmodelScorer
from converters.targets.scorer import FormatError

# The oldest Java that a bundle asks for.
RELEASE = "17"
SECONDS = 300
JVM_OPTIONS = ("-J-Xmx2g", "-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1")
VERSION = re.compile(r"Written by H2O ([0-9.]+)")


def open(path: Path) -> GenmodelScorer:
    """A scorer for a POJO.

    Raises:
        FormatError: no source that H2O's generator writes, one that does not compile, or no javac.
    """
    source = checked(path)
    told = VERSION.search(source)
    genmodel.start_jvm()
    from jpype import JClass, JException

    with tempfile.TemporaryDirectory(prefix="pojo-") as scratch:
        folder = Path(scratch)
        compiled(source, folder)
        try:
            place = JClass("java.io.File")(str(folder)).toURI().toURL()
            loader = JClass("java.net.URLClassLoader")([place], _own_loader())
            model = loader.loadClass(pojo_source.NAME).getDeclaredConstructor().newInstance()
            # Its classes are read from the folder when they are first asked for: ask for them all.
            for one in folder.glob("*.class"):
                loader.loadClass(one.stem)
        except JException as error:
            raise FormatError(f"the class does not load: {genmodel.brief(error)}") from error
    return GenmodelScorer(model, {"h2o_version": told[1]} if told else {})


def checked(path: Path) -> str:
    """The source, where it is of H2O's generator.

    Raises:
        FormatError: it is not.
    """
    if path.stat().st_size > pojo_source.MOST_BYTES:
        raise FormatError(f"the source is larger than {pojo_source.MOST_BYTES >> 20} MB")
    try:
        source = path.read_text(encoding="utf-8")
        pojo_source.check(source)
    except (UnicodeDecodeError, pojo_source.SourceError) as error:
        raise FormatError(f"the file is no POJO of H2O's: {genmodel.brief(error)}") from error
    return source


def javac() -> str | None:
    """The Java compiler of this machine, if it has one."""
    return shutil.which("javac")


def compiled(source: str, folder: Path) -> None:
    """Compile a checked source into classes in `folder`.

    Raises:
        FormatError: there is no javac, or it does not take the source.
    """
    compiler = javac()
    if compiler is None:
        raise FormatError(
            "this worker has no javac, which compiles it; it needs a JDK, 17 or newer"
        )
    file = folder / f"{pojo_source.NAME}.java"
    file.write_text(source, encoding="utf-8")
    options = ["-encoding", "UTF-8", "-proc:none", "-nowarn", "--release", RELEASE]
    command = [compiler, *JVM_OPTIONS, *options, "-cp", str(genmodel.jar()), "-d", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            [*command, str(file)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FormatError(f"javac took longer than {SECONDS} seconds") from error
    if done.returncode:
        why = genmodel.brief(ValueError(done.stderr.replace(f"{folder}/", "")))
        raise FormatError(f"javac does not take the file: {why}")


def _own_loader() -> object:
    from jpype import JClass

    return JClass("java.lang.ClassLoader").getSystemClassLoader()
