"""Layers that Deeplearning4j answers right for, each written as Keras 2 wrote it.

What is here was measured against DL4J in a JVM, batch and single rows; what is not here is refused
by name: layers that it does not have, that answer wrong or that end its process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from converters.dl4j.convolutions import CONVOLUTIONS
from converters.dl4j.parts import INITIAL, Config, Flow, Part, Weight, activation, expect, no
from converters.dl4j.recurrent import RECURRENT

Rule = Callable[[str, str, Config, Sequence[Flow]], Part]
WRONG = {
    "AveragePooling1D": "answers wrong for it",
    "PReLU": "answers wrong for it",
    "UpSampling1D": "mistakes its steps for features",
    "UpSampling2D": "ends the whole JVM on it",
    "Cropping1D": "mistakes its steps for features",
    "ZeroPadding1D": "mistakes its steps for features",
    "Permute": "orders the axes in another way",
    "Masking": "does not pass masks on as Keras does",
}


def part(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    """One layer in Keras 2's words.

    name: in the file. kind: Keras 3's class. flows: what flows in.

    Raises:
        Refused: `dl4j_layer`, `dl4j_precision`.
    """
    rule = RULES.get(kind)
    if rule is None:
        raise no(name, kind, WRONG.get(kind, "has no such layer, or was not found right for it"))
    if kind not in MERGES:
        expect(len(flows) == 1, name, kind, "takes one tensor for it")
    return rule(name, kind, config, flows)


def _dense(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    """Dense over steps or pixels is a convolution over one of them: the same sums."""
    flow = flows[0]
    units, biased = int(config["units"]), bool(config["use_bias"])
    own: Config = {
        "units": units,
        "activation": activation(config, name, kind),
        "use_bias": biased,
        "kernel_initializer": INITIAL,
        "bias_initializer": INITIAL,
    }
    axes = len(flow.shape) - 1
    expect(not config.get("lora_rank"), name, kind, "has no low-rank weights")
    weights = [Weight("kernel:0", "kernel", lead=axes)]
    weights += [Weight("bias:0", "bias")] if biased else []
    out = Flow((*flow.shape[:-1], units), flow.lost and axes > 0, "Dense", channels=True)
    if not axes:
        return Part("Dense", own, out, weights)
    del own["units"]
    ones = [1] * axes
    own |= {"filters": units, "kernel_size": ones, "strides": ones, "dilation_rate": ones}
    own |= {"padding": "valid", "data_format": "channels_last"}
    return Part(f"Conv{axes}D", own, out, weights)


def _each_step(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    inner = config.get("layer") or {}
    expect(inner.get("class_name") == "Dense", name, kind, "takes Dense alone in it")
    return _dense(name, kind, inner["config"], flows)


def _normalization(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    flow, axis = flows[0], config["axis"]
    axis = axis[0] if isinstance(axis, list) else axis
    expect(axis in (-1, len(flow.shape)), name, kind, "normalises over the last axis alone")
    own = {
        "axis": [len(flow.shape)],
        "momentum": float(config["momentum"]),
        "epsilon": float(config["epsilon"]),
        "center": True,
        "scale": True,
    }
    size = (flow.last,)
    weights = [
        Weight("gamma:0", "gamma" if config["scale"] else "", fill=1.0, shape=size),
        Weight("beta:0", "beta" if config["center"] else "", shape=size),
        Weight("moving_mean:0", "moving_mean"),
        Weight("moving_variance:0", "moving_variance"),
    ]
    return Part(kind, own, _same(flow, kind), weights)


def _embedding(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    flow, size = flows[0], int(config["output_dim"])
    expect(not config.get("mask_zero"), name, kind, "does not pass masks on as Keras does")
    expect(
        flow.source == "InputLayer" and len(flow.shape) == 1 and flow.shape[0] is not None,
        name,
        kind,
        "looks up whole numbers of an input of one axis and a fixed length alone",
    )
    expect(not config.get("lora_rank"), name, kind, "has no low-rank weights")
    own = {
        "input_dim": int(config["input_dim"]),
        "output_dim": size,
        "input_length": flow.shape[0],
        "mask_zero": False,
        "embeddings_initializer": INITIAL,
    }
    out = Flow((flow.shape[0], size), source=kind, channels=True)
    return Part(kind, own, out, [Weight("embeddings:0", "embeddings")])


def _activation(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    return Part(kind, {"activation": activation(config, name, kind)}, _same(flows[0], kind))


def _relu(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    most = config.get("max_value")
    own = {
        "max_value": None if most is None else float(most),
        "negative_slope": float(config.get("negative_slope") or 0.0),
        "threshold": float(config.get("threshold") or 0.0),
    }
    return Part(kind, own, _same(flows[0], kind))


def _leaky(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    return Part(kind, {"alpha": float(config["negative_slope"])}, _same(flows[0], kind))


def _elu(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    return Part(kind, {"alpha": float(config["alpha"])}, _same(flows[0], kind))


def _softmax(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    axis = config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    expect(axis in (-1, len(flows[0].shape)), name, kind, "has softmax over the last axis alone")
    return Part(kind, {"axis": -1}, _same(flows[0], kind))


def _dropout(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    return Part(kind, {"rate": float(config["rate"])}, _same(flows[0], kind))


def _noise(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    return Part(kind, {"stddev": float(config["stddev"])}, _same(flows[0], kind))


def _identity(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    return Part("Activation", {"activation": "linear"}, _same(flows[0], "Activation"))


def _flatten(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    flow = flows[0]
    known = _known(flow, name, kind)
    _check_order(config, name, kind)
    return Part(kind, {"data_format": "channels_last"}, Flow((math.prod(known),), source=kind))


def _reshape(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    known = _known(flows[0], name, kind)
    wanted = [int(size) for size in config["target_shape"]]
    expect(1 <= len(wanted) <= 3, name, kind, "reshapes to three axes at most")
    if -1 in wanted:
        rest = math.prod(size for size in wanted if size != -1)
        wanted = [math.prod(known) // rest if size == -1 else size for size in wanted]
    return Part(kind, {"target_shape": wanted}, Flow(tuple(wanted), source=kind))


def _repeat(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    times = int(config["n"])
    expect(not flows[0].lost, name, kind, "expects steps behind a pool over steps")
    return Part(kind, {"n": times}, Flow((times, flows[0].last), source=kind))


def _merge(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    shapes = {flow.shape for flow in flows}
    expect(len(flows) > 1, name, kind, "wants two tensors or more for it")
    if kind == "Subtract":
        expect(len(flows) == 2, name, kind, "subtracts two tensors")
    lost = any(flow.lost for flow in flows)
    if kind != "Concatenate":
        expect(len(shapes) == 1, name, kind, "wants tensors of one shape for it")
        return Part(kind, {}, Flow(flows[0].shape, lost, kind))
    axes = len(flows[0].shape)
    expect(config["axis"] in (-1, axes), name, kind, "concatenates the last axis alone")
    expect(len({shape[:-1] for shape in shapes}) == 1, name, kind, "wants one number of steps")
    total = sum(flow.last for flow in flows)
    return Part(kind, {"axis": axes}, Flow((*flows[0].shape[:-1], total), lost, kind))


def _same(flow: Flow, kind: str) -> Flow:
    return Flow(flow.shape, flow.lost, kind, flow.channels)


def _known(flow: Flow, name: str, kind: str) -> list[int]:
    """Every length of what flows in.

    Raises:
        Refused: `dl4j_layer` where one is free, or DL4J has lost it.
    """
    why = "has lost the number of steps behind a Bidirectional layer or a pool over steps"
    expect(not flow.lost, name, kind, why)
    known = [size for size in flow.shape if size is not None]
    expect(len(known) == len(flow.shape), name, kind, "wants every length fixed before it")
    return known


def _check_order(config: Config, name: str, kind: str) -> None:
    order = config.get("data_format") or "channels_last"
    expect(order == "channels_last", name, kind, "was found right for channels_last alone")


MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Concatenate")
_DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "AlphaDropout")
RULES: dict[str, Rule] = {
    "Dense": _dense,
    "TimeDistributed": _each_step,
    "BatchNormalization": _normalization,
    "Embedding": _embedding,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "ELU": _elu,
    "Softmax": _softmax,
    "GaussianNoise": _noise,
    "Identity": _identity,
    "ActivityRegularization": _identity,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "RepeatVector": _repeat,
    **dict.fromkeys(_DROPOUTS, _dropout),
    **dict.fromkeys(MERGES, _merge),
    **CONVOLUTIONS,
    **RECURRENT,
}
