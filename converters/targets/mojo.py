"""MOJO: H2O's scoring archive, scored by genmodel."""

from __future__ import annotations

import zipfile
from pathlib import Path

from converters.targets import genmodel
from converters.targets.genmodel import GenmodelScorer
from converters.targets.scorer import FormatError

MOST_BYTES = 4 << 30


def open(path: Path) -> GenmodelScorer:
    """A scorer for a MOJO.

    Raises:
        FormatError: no archive of a model, or one that genmodel does not load.
    """
    facts = check(path)
    genmodel.start_jvm()
    from jpype import JClass, JException

    try:
        model = JClass("hex.genmodel.MojoModel").load(str(path))
    except JException as error:
        raise FormatError(f"genmodel does not load the file: {genmodel.brief(error)}") from error
    return GenmodelScorer(model, facts)


def check(path: Path) -> dict[str, str]:
    """The archive's own `[info]`: algorithm, category, H2O's version.

    Raises:
        FormatError: no archive, one that unpacks to more than 4 GB, or one without `model.ini`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise FormatError("the archive unpacks to more than 4 GB")
            text = archive.read("model.ini").decode()
    except (zipfile.BadZipFile, KeyError, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"the file is no MOJO: {genmodel.brief(error)}") from error
    facts = {}
    for line in text.partition("[info]")[2].partition("[")[0].splitlines():
        key, _, value = line.partition(" = ")
        if key in ("h2o_version", "mojo_version", "algorithm", "category"):
            facts[key] = value.strip()
    return facts
