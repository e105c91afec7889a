"""H2O to POJO: the Java source that H2O's own server writes."""

from __future__ import annotations

from pathlib import Path

from converters.catalog import TARGETS
from converters.contract import Request
from converters.errors import Refused
from converters.native import pojo_source
from converters.routes import genmodel_file
from converters.routes.converted import Converted
from converters.sources import h2o_server
from converters.sources.h2o import H2OModel
from converters.sources.loaded import Loaded
from converters.static.h2o_binary import POJO_OF_MOJO
from converters.targets import pojo

FILE = next(target.file for target in TARGETS if target.name == "pojo")


def convert(model: Loaded, request: Request, folder: Path) -> Converted:
    """Write `Model.java` into `folder`.

    Raises:
        Refused: `no_pojo` for models without one; `no_compiler` where nothing could compile it, and
            so prove it; what `genmodel_file` refuses of the signature.
    """
    estimator: H2OModel = model.estimator
    if estimator.file is not None:
        raise Refused("no_pojo", POJO_OF_MOJO)
    if not estimator.model.have_pojo:
        raise Refused(
            "no_pojo",
            f"H2O {genmodel_file.version()} writes no POJO of this {estimator.algorithm} model. "
            f"{estimator.instead}",
        )
    if pojo.javac() is None:
        raise Refused(
            "no_compiler",
            "A POJO is Java source, and this worker has no javac to compile and prove it with. "
            "Export to MOJO, or ask its administrator for a JDK, 17 or newer.",
        )
    genmodel_file.refuse_levels(estimator, "no_pojo")
    _refuse_bayes(estimator)
    source = _source(estimator)
    (folder / FILE).write_text(source, encoding="utf-8", newline="\n")
    notes = ["Compile it with h2o-genmodel of the same version on the class path."]
    if estimator.algorithm == "deeplearning":
        notes.append("Its layers are fields of the class, not of an object: score in one thread.")
    return genmodel_file.described(model, FILE, notes)


def _refuse_bayes(estimator: H2OModel) -> None:
    """See that the source knows every level: of naive Bayes it knows as many as there are columns.

    The generator takes the number of columns for each column's number of levels.
    """
    most = max((len(levels or ()) for levels in estimator.columns.values()), default=0)
    if estimator.algorithm == "naivebayes" and most > len(estimator.columns):
        raise Refused(
            "no_pojo",
            f"The Java that H2O writes of naive Bayes looks up {len(estimator.columns)} levels of "
            f"a column, one a column, and this model has a column of {most}: its answers "
            "would be wrong. Train a GLM or a GBM.",
        )


def _source(estimator: H2OModel) -> str:
    server = h2o_server.connected()
    written = server.api(f"GET /3/Models.java/{estimator.model.model_id}")
    try:
        return pojo_source.prepared(str(written), genmodel_file.version())
    except pojo_source.SourceError as error:
        raise Refused(
            "no_pojo",
            f"The Java source that H2O writes of this model is not published: {error}. "
            f"{estimator.instead}",
        ) from error
