"""What the names and settings in a pickled estimator rule out.

Which classes are refused is asked of the tables of the emitters themselves, so that pre-flight and
conversion cannot part ways.
"""

from __future__ import annotations

from collections.abc import Iterator

from converters.static.finding import Finding
from converters.static.pickles import Pickled

# What a library's own pickles import; any other package is the owner's, or is not installed here.
PACKAGES = frozenset(
    {
        *("sklearn", "numpy", "scipy", "pandas", "xgboost", "lightgbm", "catboost", "joblib"),
        *("builtins", "__builtin__", "copyreg", "copy_reg", "collections", "functools", "operator"),
        *("_codecs", "cloudpickle", "types", "datetime", "re", "typing", "itertools", "math"),
        *("_pickle", "pickle", "abc", "pathlib", "uuid", "decimal", "numbers", "inspect", "array"),
        *("pyarrow", "pytz", "dateutil", "zoneinfo", "enum", "dataclasses", "weakref", "random"),
        *("string", "fractions", "threading", "warnings", "contextlib", "codecs", "io", "logging"),
        *("copy", "time"),
    }
)
# Neither an emitter's matter nor told by a name alone: a setting decides.
SETTING_DECIDES = {"sklearn.LocalOutlierFactor": ("novelty", "False")}
# Classes that keep estimators which only training calls, or which lost: not all named is used.
SEARCHES = frozenset(
    {"GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"}
)
CHOOSERS = SEARCHES | {"RFE", "RFECV", "SequentialFeatureSelector", "SelectFromModel"}
# Classes that keep functions which only training calls.
TRAINING_ONLY = CHOOSERS | {
    *("SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe"),
    *("GenericUnivariateSelect", "LogisticRegressionCV", "RidgeCV", "RidgeClassifierCV"),
    *("TunedThresholdClassifierCV", "KMeans", "MiniBatchKMeans", "BisectingKMeans"),
    *("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
    *("CalibratedClassifierCV", "StackingClassifier", "StackingRegressor"),
}
# Encoders of targets stand inside boosters, networks and chains, where they do their work.
OF_TARGETS = frozenset({"LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer"})
VECTORISERS = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})
OWN_CUTS = ("tokenizer", "preprocessor")
WORDS = frozenset({"word", "char", "char_wb"})
LETTERS = frozenset({("analyzer", "char"), ("analyzer", "char_wb")})
ACCENTS = frozenset({("strip_accents", "unicode"), ("strip_accents", "ascii")})


# What no model needs to be loaded, and pickles made to harm do.
COMMANDS = frozenset({"os", "posix", "nt", "subprocess", "pty", "socket", "ctypes", "runpy"})
CALLS = frozenset({"builtins.eval", "builtins.exec", "__builtin__.eval", "__builtin__.exec"})


def of_names(pickled: Pickled) -> Iterator[Finding]:
    """What a pickle's names and settings rule out, target by target."""
    if command := commands(pickled):
        yield command
        return
    yield from _own_python(pickled)
    yield from _refused(pickled)
    yield from _texts(pickled)


def commands(pickled: Pickled) -> Finding | None:
    """Why a pickle is not to be loaded at all, or None: it would run commands, not make a model."""
    found = sorted(
        name for name in pickled.names if name.partition(".")[0] in COMMANDS or name in CALLS
    )
    if not found:
        return None
    return Finding(
        "pickle_commands",
        f"The model's pickle calls {found[0]} when it is loaded, which no model needs; it was not "
        "loaded. Find out who wrote it, and log the model again from its training.",
    )


def _own_python(pickled: Pickled) -> Iterator[Finding]:
    own = sorted(
        name
        for name in pickled.names
        if name.partition(".")[0] not in PACKAGES and not name.startswith("_")
    )
    main = sorted(name for name in pickled.names if name.startswith("__main__."))
    code = sorted(pickled.functions | pickled.classes)
    if not (own or main or code):
        return
    raise_name = (main or own or code)[0]
    what = "a Python lambda" if "<lambda>" in code and not (own or main) else raise_name
    if _for_training(pickled):
        yield Finding(
            "own_python",
            f"The model holds your own Python ({what}); it converts only where that was needed to "
            "train it and is not called to answer.",
            caveat=True,
        )
        return
    where = " in a FunctionTransformer" if "FunctionTransformer" in _short(pickled) else ""
    yield Finding(
        "own_python",
        f"The model calls your own Python ({what}){where}; neither ONNX nor PMML can carry it, "
        "and no other target can. Compute it before the model.",
    )


def _short(pickled: Pickled) -> set[str]:
    """Class names without their modules."""
    return {name.rpartition(".")[2] for name in pickled.names}


def _for_training(pickled: Pickled) -> bool:
    """Whether what is named may have been needed by training alone.

    Boosters keep objectives and metrics of one's own too.
    """
    short = _short(pickled)
    boosters = pickled.packages() & {"xgboost", "lightgbm", "catboost"}
    return bool(boosters or short & TRAINING_ONLY or any("Scorer" in name for name in short))


def _refused(pickled: Pickled) -> Iterator[Finding]:
    """Estimators that the emitters themselves refuse by name."""
    from converters.onnx_graph import refusals, solvers
    from converters.routes import pmml_limits

    public = {_public(name) for name in pickled.names}
    root, unsure = _public(pickled.root), bool(_short(pickled) & CHOOSERS)
    for name in sorted(public & set(refusals.KNOWN_WRONG)):
        short = name.partition(".")[2]
        sentence = f"{short} is {refusals.KNOWN_WRONG[name]}."
        yield Finding("known_wrong", sentence, caveat=unsure and name != root)
    for name in sorted(public & set(solvers.REFUSED)):
        short = name.partition(".")[2]
        if name != root and short in OF_TARGETS:
            continue
        what, instead = solvers.REFUSED[name]
        for target, title in (("onnx", "ONNX"), ("pmml", "PMML")):
            sentence = f"{short} {what}, which {title} cannot do; {instead}."
            yield Finding("no_converter", sentence, target, caveat=unsure and name != root)
    decides = SETTING_DECIDES.get(root)
    if root in refusals.NO_ANSWERS and (decides is None or decides in pickled.settings):
        short = root.partition(".")[2]
        yield Finding(
            "no_predict",
            f"{short} has no answer for new rows, so there is nothing to convert. "
            f"{refusals.NO_ANSWERS[root]}",
        )
    wrong = {one.partition(".")[2] for one in public} & set(pmml_limits.WRONG)
    for name in sorted(wrong):
        # Our own emitters write most of these; hashes they do not.
        sure = name == "HashingVectorizer" and not unsure
        yield Finding("not_in_pmml", pmml_limits.WRONG[name], "pmml", caveat=not sure)
    if root == "sklearn.SplineTransformer" and ("extrapolation", "periodic") in pickled.settings:
        sentence = "SplineTransformer(extrapolation='periodic') does not go into PMML."
        yield Finding("not_in_pmml", f"{sentence} Use 'linear' or 'constant'.", "pmml")


def _texts(pickled: Pickled) -> Iterator[Finding]:
    """Vectorisers: whose words a function cuts, and what PMML does not express."""
    used = _short(pickled) & VECTORISERS
    if not used:
        return
    name, settings = min(used), pickled.settings
    unsure = bool(_short(pickled) & SEARCHES)
    own = [key for key, value in settings if key in OWN_CUTS and value != "None"]
    own += [key for key, value in settings if key == "analyzer" and value not in WORDS]
    if own:
        yield Finding(
            "own_python",
            f"{name} cuts texts by your own Python ({min(own)}), which no target carries; use "
            "token_pattern, or cut the texts before the model.",
            caveat=unsure,
        )
    why = ""
    if settings & LETTERS:
        why = "cuts texts into letters (analyzer='char' or 'char_wb')"
    elif settings & ACCENTS:
        why = "strips accents"
    elif "TfidfTransformer" in _short(pickled) and "TfidfVectorizer" not in used:
        why = "is followed by a TfidfTransformer of its own, where TfidfVectorizer does both"
    elif _public(pickled.root) == f"sklearn.{name}":
        why = "answers with a row of numbers, and PMML is written of classifiers and regressors"
    if why:
        sentence = f"{name} {why}, which does not go into PMML; export to ONNX."
        yield Finding("not_in_pmml", sentence, "pmml", caveat=unsure)


def _public(name: str) -> str:
    """`package.Class`, as emitters register, of `package.module.Class`."""
    return f"{name.partition('.')[0]}.{name.rpartition('.')[2]}"
