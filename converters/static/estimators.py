"""What the names and settings in a pickled estimator rule out.

Which classes are refused is asked of the tables of the emitters themselves, so that pre-flight and
conversion cannot part ways.
"""

from __future__ import annotations

from collections.abc import Iterator

from converters.static import own_code
from converters.static.finding import Finding
from converters.static.pickles import Pickled

# Neither an emitter's matter nor told by a name alone: a setting decides.
SETTING_DECIDES = {"sklearn.LocalOutlierFactor": ("novelty", "False")}
# Classes that keep estimators which only training calls, or which lost: not all named is used.
SEARCHES = frozenset(
    {"GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"}
)
CHOOSERS = SEARCHES | {"RFE", "RFECV", "SequentialFeatureSelector", "SelectFromModel"}
# Encoders of targets stand inside boosters, networks and chains, where they do their work.
OF_TARGETS = frozenset({"LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer"})
VECTORISERS = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})
OWN_CUTS = ("tokenizer", "preprocessor")
WORDS = frozenset({"word", "char", "char_wb"})
LETTERS = frozenset({("analyzer", "char"), ("analyzer", "char_wb")})
ACCENTS = frozenset({("strip_accents", "unicode"), ("strip_accents", "ascii")})


# Packages whose own objects are data, and Python's, as new and old pickles name them.
DATA = {"numpy": "an array (numpy's ndarray)", "pandas": "a table (pandas' DataFrame or Series)"}
BUILTINS = dict.fromkeys(("builtins", "__builtin__"), ("set", "frozenset", "bytearray", "complex"))
# What no model needs to be loaded, and pickles made to harm do.
COMMANDS = frozenset({"os", "posix", "nt", "subprocess", "pty", "socket", "ctypes", "runpy"})
CALLS = frozenset({"builtins.eval", "builtins.exec", "__builtin__.eval", "__builtin__.exec"})


def of_names(pickled: Pickled) -> Iterator[Finding]:
    """What a pickle's names and settings rule out, target by target."""
    if command := commands(pickled):
        yield command
        return
    module, _, name = pickled.root.rpartition(".")
    data = DATA.get(module.partition(".")[0], "")
    if module in BUILTINS and name in BUILTINS[module]:
        data = f"a {name}"
    if what := (f"a {pickled.container}" if pickled.container else data):
        yield Finding("model_class", no_model(what))
        return
    yield from _own_python(pickled)
    yield from _refused(pickled)
    yield from _texts(pickled)


def no_model(what: str) -> str:
    """Why what a pickle holds is converted to nothing, given what that is."""
    return (
        f"The file holds {what}, which is no model; save the model itself in a file of its own, "
        "and where it needs steps before it, as one scikit-learn Pipeline."
    )


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
    own = sorted(name for name in pickled.names if own_code.is_own(name))
    code = sorted(pickled.functions | pickled.classes)
    if not (own or code):
        return
    found = own_code.answering(pickled.graph)
    if found is not None and not (found.holder == "" and _trained_by_booster(pickled)):
        where = f" in its {found.holder} ({found.attribute})" if found.holder else ""
        yield Finding(
            "own_python",
            f"The model calls your own Python ({_titled(found.name)}){where}; neither ONNX nor "
            "PMML can carry it, and no other target can. Compute it before the model.",
        )
        return
    main = [name for name in own if name.startswith("__main__.")]
    carried = own_code.within(pickled.graph)
    what = (main or own or [carried or code[0]])[0]
    yield Finding(
        "own_python",
        f"The model holds your own Python ({_titled(what)}); it converts only where that was "
        "needed to train it and is not called to answer.",
        caveat=True,
    )


def _titled(name: str) -> str:
    """How people are told of a function."""
    return "a Python lambda" if name == own_code.LAMBDA else name


def _short(pickled: Pickled) -> set[str]:
    """Class names without their modules."""
    return {name.rpartition(".")[2] for name in pickled.names}


def _trained_by_booster(pickled: Pickled) -> bool:
    """Whether it may be a booster's estimator in a class of one's own, which converts by that."""
    return bool(pickled.packages() & {"xgboost", "lightgbm", "catboost"})


def _refused(pickled: Pickled) -> Iterator[Finding]:
    """Estimators that the emitters themselves refuse by name."""
    from converters import pmml_limits
    from converters.onnx_graph import refusals, solvers

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
