"""What a version can become, told from its `MLmodel` alone.

No model is loaded and only the standard library is imported, so that any process may ask.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from converters import flavors as flavors_known
from converters import types
from converters.catalog import ROUTES, TARGETS, Target, route
from converters.contract import Column, Signature, Tensor
from converters.errors import Refused

PYFUNC = "python_function"
WRAPPED = (
    "The model has only the python_function flavor: it converts where its predict hands on the "
    "answers of a scikit-learn, XGBoost, LightGBM or CatBoost model inside it, and computes "
    "nothing of its own. Log the model inside with its own flavor to be sure."
)
TOKENS = (
    "The network is converted, its tokenizer or image processor is not: the file takes what that "
    "makes of a text or an image."
)
NO_LAYERS = (
    "The model is a traced function or a class of its own, without Keras' list of layers, and "
    "Deeplearning4j imports layers. Export to ONNX or SavedModel."
)
# More numbers a row than this are a slip, and no rows of them could be made.
LARGEST_TENSOR = 2**26
# The same for rows of features, of which many more are sampled than of images.
WIDEST_ROW = 2**20
HOW_TO_SIGN = "Log it again with signature=infer_signature(X, model.predict(X))."


# Flavors whose models take tensors of any shape, and several of them.
TENSOR_FLAVORS = frozenset(
    {"pytorch", "tensorflow", "keras", "onnx", "transformers", "sentence_transformers"}
)


# Flavors whose converted file takes what a tokenizer makes, whatever text their signature takes.
TOKEN_FLAVORS = frozenset({"transformers", "sentence_transformers"})
# Tasks of transformers whose answer is one run of the network; all others loop around it.
TASKS = frozenset(
    {
        *("text-classification", "sentiment-analysis", "token-classification", "ner"),
        *("question-answering", "fill-mask", "feature-extraction", "zero-shot-classification"),
        *("image-classification", "image-feature-extraction"),
    }
)

# A column that is a whole vector of features: a tensor in the converted file.
SPARK_VECTOR = ("spark", "sparkml_vector")


class Answer(StrEnum):
    """Pre-flight's three answers."""

    CAN = "can"
    CAVEAT = "caveat"
    CANNOT = "cannot"


class Depth(StrEnum):
    """What pre-flight read: the `MLmodel` alone, or the model's files too, without loading them."""

    MLMODEL = "mlmodel"
    FILES = "files"


@dataclass(frozen=True)
class Verdict:
    """One target's answer for one version; `code` and `sentence` say why where it is not `can`."""

    target: str
    answer: Answer
    code: str = ""
    sentence: str = ""
    flavor: str = ""
    depth: Depth = Depth.MLMODEL


def flavor_of(mlmodel: Mapping[str, Any]) -> str:
    """The flavor that a conversion reads: the native one beside `python_function`.

    Of several native flavors the one with a route counts, in the catalogue's order.

    Raises:
        Refused: the `MLmodel` names no flavor at all.
    """
    flavors = mlmodel.get("flavors")
    if not isinstance(flavors, Mapping) or not flavors:
        raise Refused(
            "no_flavor", "The MLmodel file names no flavor; log the model with an MLflow flavor."
        )
    names = [str(name) for name in flavors]
    routed = [row.flavor for row in ROUTES if row.flavor in names and row.flavor != PYFUNC]
    known = [name for name in names if name in flavors_known.NAMES]
    native = [name for name in names if name != PYFUNC]
    return [*routed, *known, *native, PYFUNC][0]


def signature_of(mlmodel: Mapping[str, Any]) -> Signature | None:
    """The inputs that the `MLmodel` declares, or None where it has no signature.

    Only `inputs` is read: `outputs` is not a promise that MLflow keeps, and `params` are not
    features. Types are MLflow's own words, nested ones (array, object, map) included.

    Raises:
        Refused: the signature is there and cannot be read.
    """
    signature = mlmodel.get("signature")
    if signature is None:
        return None
    if not isinstance(signature, Mapping):
        raise _unreadable("it is not a mapping")
    inputs = signature.get("inputs")
    if inputs is None:
        return None
    if isinstance(inputs, str):
        try:
            inputs = json.loads(inputs)
        except (ValueError, RecursionError):
            raise _unreadable("its inputs are not JSON") from None
    if not isinstance(inputs, list) or not all(isinstance(spec, Mapping) for spec in inputs):
        raise _unreadable("its inputs are not a list of columns")
    if not inputs:
        return None
    if any(spec.get("type") == "tensor" for spec in inputs):
        tensors = _tensors(inputs)
        return Signature(tensor=tensors[0]) if len(tensors) == 1 else Signature(tensors=tensors)
    return Signature(columns=_columns(inputs))


def preflight(mlmodel: Mapping[str, Any]) -> list[Verdict]:
    """One verdict a target, in the order of `catalog.TARGETS`; never raises."""
    try:
        flavor = flavor_of(mlmodel)
    except Refused as refusal:
        return [_cannot(target, "", refusal.code, refusal.sentence) for target in TARGETS]
    return [_verdict(mlmodel, flavor, target) for target in TARGETS]


def _verdict(mlmodel: Mapping[str, Any], flavor: str, target: Target) -> Verdict:
    if route(flavor, target.name) is None:
        code, sentence = _no_route(flavor, target)
        return _cannot(target, flavor, code, sentence)
    if target.name == "hdf5" and _traced(mlmodel["flavors"][flavor]):
        return _cannot(target, flavor, "dl4j_graph", NO_LAYERS)
    try:
        if flavor in TOKEN_FLAVORS:
            told = mlmodel["flavors"][flavor]
            check_task(told if isinstance(told, Mapping) else {})
            return Verdict(
                target.name, Answer.CAVEAT, code="tokens", sentence=TOKENS, flavor=flavor
            )
        signature = signature_of(mlmodel)
        if signature is not None:
            check_signature(signature, flavor)
    except Refused as refusal:
        return _cannot(target, flavor, refusal.code, refusal.sentence)
    if signature is None and flavor == "pytorch":
        return _by_example(mlmodel, target, flavor)
    if signature is None:
        sentence = (
            "The model has no signature; it converts only where the model itself tells its inputs. "
            + HOW_TO_SIGN
        )
        return Verdict(target.name, Answer.CAVEAT, "no_signature", sentence, flavor)
    if flavor == PYFUNC:
        return Verdict(target.name, Answer.CAVEAT, "pyfunc_only", WRAPPED, flavor)
    return Verdict(target.name, Answer.CAN, flavor=flavor)


def _traced(config: Any) -> bool:
    """Whether a model of TensorFlow or Keras was logged as a traced graph, without its layers."""
    told = config if isinstance(config, Mapping) else {}
    graph = "saved_model_dir" in told and told.get("model_type") != "keras"
    return graph or bool(told.get("save_exported_model"))


def _by_example(mlmodel: Mapping[str, Any], target: Target, flavor: str) -> Verdict:
    """A module does not tell its inputs: its input example does, or nothing."""
    if isinstance(mlmodel.get("saved_input_example_info"), Mapping):
        return Verdict(target.name, Answer.CAN, flavor=flavor)
    return _cannot(
        target,
        flavor,
        "no_signature",
        "The model has neither a signature nor an input example, and a PyTorch module does not "
        f"tell its inputs. {HOW_TO_SIGN} Beside a plain file, an input_example.json with a few "
        "rows tells them.",
    )


def nowhere(mlmodel: Mapping[str, Any]) -> str:
    """Why no target is made of this model's flavor, in one sentence; empty where one is."""
    try:
        flavor = flavor_of(mlmodel)
    except Refused as refusal:
        return refusal.sentence
    if any(row.flavor == flavor for row in ROUTES):
        return ""
    if flavor not in flavors_known.NAMES:
        return f"{flavor!r} is not a flavor that Crossport knows. {_routed()}"
    return f"No target is made from {flavor}.{_instead(flavor)}"


def _routed() -> str:
    return f"These are: {', '.join(dict.fromkeys(row.flavor for row in ROUTES))}."


def check_task(config: Mapping[str, Any]) -> None:
    """See that a model of transformers answers with one run of its network.

    Raises:
        Refused: `pipeline_task`.
    """
    task = config.get("task")
    if task is not None and task not in TASKS:
        raise Refused(
            "pipeline_task",
            f"A pipeline for {task} is more than one run of its network, so no file answers like "
            f"it. These tasks can be converted: {', '.join(sorted(TASKS))}.",
        )


def check_signature(signature: Signature, flavor: str) -> None:
    """See that a converted model of this flavor can have these inputs.

    Raises:
        Refused: a column type without a counterpart; more numbers a row than can be; for flavors
            whose models take rows of features, several tensors or one that is not [N, features].
    """
    for one in signature.all_tensors:
        most = LARGEST_TENSOR if flavor in TENSOR_FLAVORS else WIDEST_ROW
        _check_size(one, most, signature.origin)
    for column in signature.columns:
        if (flavor, column.type) != SPARK_VECTOR:
            types.column(column.name, column.type)
    if flavor in TENSOR_FLAVORS:
        return
    if signature.tensors:
        raise Refused(
            "several_tensors",
            f"The signature declares {len(signature.tensors)} tensors; a {flavor} model takes one.",
        )
    tensor = signature.tensor
    # An array of texts is what vectorisers read; whether the model does is seen when it is loaded.
    texts = tensor is not None and tensor.dtype in ("str", "object") and len(tensor.shape) == 1
    if tensor is not None and len(tensor.shape) != 2 and not texts:
        raise Refused(
            "tensor_shape",
            f"The signature's tensor has the shape {tensor.shape}; rows of features, [-1, n], are "
            "what can be converted.",
        )


def _check_size(tensor: Tensor, most: int, origin: str) -> None:
    if math.prod(max(size, 1) for size in tensor.shape) <= most:
        return
    if origin == "estimator":
        raise Refused(
            "tensor_shape",
            f"The model says that it takes {tensor.shape[-1]} features: one row of them would be "
            "more numbers than can be proven, so its file is damaged. Log it again.",
        )
    raise Refused(
        "tensor_shape",
        f"The signature's tensor has the shape {tensor.shape}: one row of it would hold more "
        "numbers than can be proven. Log the model with the shape that it really takes.",
    )


def _no_route(flavor: str, target: Target) -> tuple[str, str]:
    others = [row.title for row in TARGETS if route(flavor, row.name) is not None]
    routed = ", ".join(dict.fromkeys(row.flavor for row in ROUTES if row.target == target.name))
    if flavor == PYFUNC:
        return "pyfunc_only", (
            "The model has only the python_function flavor: its answers are Python code, which "
            f"{target.title} does not carry. Log the model inside with its own flavor ({routed})."
        )
    if others:
        listed = " or ".join(filter(None, (", ".join(others[:-1]), others[-1])))
        return "no_route", (
            f"There is no route from {flavor} to {target.title}; this model can become {listed}."
        )
    if flavor not in flavors_known.NAMES:
        return "unknown_flavor", (
            f"{flavor!r} is not a flavor that Crossport knows; "
            f"{target.title} is made from {routed}."
        )
    return "no_route", (
        f"There is no route from {flavor} to {target.title}; {target.title} is made from {routed}."
        + _instead(flavor)
    )


def _instead(flavor: str) -> str:
    """What to do with a model of a flavor that has no route at all."""
    row = flavors_known.flavor(flavor)
    return f" {row.sentence}" if row is not None and row.sentence else ""


def _columns(inputs: list[Mapping[str, Any]]) -> list[Column]:
    columns = []
    for spec in inputs:
        name, kind = spec.get("name"), spec.get("type")
        if name is None and kind == "string" and len(inputs) == 1:
            name = "text"  # a list or Series of texts
        if not isinstance(kind, str):
            raise _unreadable("a column has no type")
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise Refused(
                "unnamed_columns",
                "The signature's columns have no names; log the model again with a signature that "
                "was inferred from a DataFrame with named columns, or from a 2-D array.",
            )
        # MLflow before 2.6 wrote `optional`, later ones write `required`.
        required = spec.get("required", not spec.get("optional", False))
        columns.append(Column(str(name), kind, required=bool(required)))
    counted = Counter(column.name for column in columns)
    for name in counted:
        _check_text(name)
    twice = sorted(name for name, count in counted.items() if count > 1)
    if twice:
        raise Refused(
            "duplicate_columns",
            f"The signature names {', '.join(map(repr, twice))} more than once; rename the columns "
            "and log the model again.",
        )
    return columns


def _tensors(inputs: list[Mapping[str, Any]]) -> list[Tensor]:
    tensors = [_tensor(spec, number) for number, spec in enumerate(inputs)]
    names = [tensor.name for tensor in tensors]
    if len(set(names)) < len(names):
        raise _unreadable("two of its tensors have one name")
    return tensors


def _tensor(spec: Mapping[str, Any], number: int) -> Tensor:
    told = spec.get("tensor-spec")
    if not isinstance(told, Mapping):
        raise _unreadable("a tensor has no tensor-spec")
    dtype, shape = told.get("dtype"), told.get("shape")
    if not isinstance(dtype, str) or not isinstance(shape, list) or not shape:
        raise _unreadable("a tensor has no dtype or no shape")
    if not all(type(size) is int and size >= -1 for size in shape):
        raise _unreadable(f"a tensor has the shape {shape}")
    name = spec.get("name")
    if isinstance(name, str):
        _check_text(name)
    unnamed = "X" if number == 0 else f"X{number}"
    return Tensor(name if isinstance(name, str) and name else unnamed, dtype, list(shape))


def _check_text(name: str) -> None:
    """See that a name can be written anywhere.

    Raises:
        Refused: `signature_unreadable` for halves of surrogate pairs, which no UTF-8 text holds.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _unreadable(f"the name {name!a} is no text") from None


def _unreadable(why: str) -> Refused:
    return Refused(
        "signature_unreadable", f"The model's signature cannot be read: {why}. {HOW_TO_SIGN}"
    )


def _cannot(target: Target, flavor: str, code: str, sentence: str) -> Verdict:
    return Verdict(target.name, Answer.CANNOT, code, sentence, flavor)
