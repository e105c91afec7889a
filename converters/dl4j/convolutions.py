"""Convolutions and pools in Keras 2's words."""

from __future__ import annotations

from collections.abc import Sequence

from converters.dl4j.parts import (
    INITIAL,
    Config,
    Flow,
    Part,
    Shape,
    Weight,
    activation,
    expect,
    numbers,
)

CHANNELS_LAST = "channels_last"


def _convolution(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    axes = 1 if kind == "Conv1D" else 2
    own, window = _window(name, kind, config, axes)
    filters = int(config["filters"])
    expect(int(config.get("groups") or 1) == 1, name, kind, "answers wrong for groups")
    expect(not config.get("lora_rank"), name, kind, "has no low-rank weights")
    own |= {"filters": filters, "kernel_initializer": INITIAL}
    shape = (*_lengths(flows[0].shape[:-1], *window), filters)
    out = Flow(shape, flows[0].lost, kind, channels=True)
    return Part(kind, own, out, _weights(config, "kernel"))


def _transposed(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    own, (size, strides, dilation, padding) = _window(name, kind, config, 2)
    filters = int(config["filters"])
    expect(config.get("output_padding") is None, name, kind, "has no output_padding")
    expect(dilation == [1, 1], name, kind, "was found right without dilation alone")
    wide = all(one >= step for one, step in zip(size, strides, strict=True))
    expect(wide, name, kind, "answers wrong where a stride is larger than the kernel")
    own |= {"filters": filters, "kernel_initializer": INITIAL, "output_padding": None}
    lengths = [
        None if n is None else n * step if padding == "same" else n * step + max(one - step, 0)
        for n, one, step in zip(flows[0].shape[:-1], size, strides, strict=True)
    ]
    return Part(
        kind, own, Flow((*lengths, filters), source=kind, channels=True), _weights(config, "kernel")
    )


def _depthwise(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    flow = flows[0]
    own, window = _window(name, kind, config, 2)
    expect(
        flow.channels,
        name,
        kind,
        "finds its channels only behind a convolution, without a merge or an input between them",
    )
    expect(flow.shape[:-1] != (1, 1), name, kind, "fails on images of one pixel")
    times = int(config["depth_multiplier"])
    own |= {"depth_multiplier": times, "depthwise_initializer": INITIAL}
    shape = (*_lengths(flow.shape[:-1], *window), flow.last * times)
    weights = [Weight("depthwise_kernel:0", "kernel"), *_weights(config, "")]
    return Part(kind, own, Flow(shape, source=kind, channels=True), weights)


def _separable(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    own, window = _window(name, kind, config, 2)
    filters, times = int(config["filters"]), int(config["depth_multiplier"])
    expect(flows[0].shape[:-1] != (1, 1), name, kind, "fails on images of one pixel")
    several = flows[0].last > 1 and filters > 1 and max(window[0]) > 1
    expect(several, name, kind, "answers wrong for one channel, one filter or one pixel at a time")
    own |= {"filters": filters, "depth_multiplier": times}
    own |= {"depthwise_initializer": INITIAL, "pointwise_initializer": INITIAL}
    weights = [Weight(f"{one}_kernel:0", f"{one}_kernel") for one in ("depthwise", "pointwise")]
    shape = (*_lengths(flows[0].shape[:-1], *window), filters)
    return Part(
        kind, own, Flow(shape, source=kind, channels=True), [*weights, *_weights(config, "")]
    )


def _pool(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    axes = int(kind[-2])
    flow, padding = flows[0], str(config["padding"])
    _check_order(config, name, kind)
    size = numbers(config["pool_size"], axes)
    strides = numbers(config.get("strides") or size, axes)
    own = {
        "pool_size": size,
        "strides": strides,
        "padding": padding,
        "data_format": CHANNELS_LAST,
    }
    lengths = _lengths(flow.shape[:-1], size, strides, [1] * axes, padding)
    return Part(kind, own, Flow((*lengths, flow.last), flow.lost, kind, flow.channels))


def _global_pool(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    _check_order(config, name, kind)
    expect(not config.get("keepdims"), name, kind, "does not keep the axes that it pools")
    own = {"data_format": CHANNELS_LAST, "keepdims": False}
    # Behind a pool over steps DL4J still expects steps.
    return Part(kind, own, Flow((flows[0].last,), kind.endswith("1D"), kind))


def _edges(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    """Padding or cropping of images."""
    _check_order(config, name, kind)
    key = "padding" if kind.startswith("Zero") else "cropping"
    told = [[int(one) for one in pair] for pair in config[key]]
    sign = 1 if key == "padding" else -1
    lengths = [
        None if n is None else n + sign * sum(pair)
        for n, pair in zip(flows[0].shape[:-1], told, strict=True)
    ]
    flow = Flow((*lengths, flows[0].last), source=kind, channels=flows[0].channels)
    return Part(kind, {key: told, "data_format": CHANNELS_LAST}, flow)


def _window(
    name: str, kind: str, config: Config, axes: int
) -> tuple[Config, tuple[list[int], list[int], list[int], str]]:
    """The layer's configuration as far as all convolutions share it, and the window itself."""
    _check_order(config, name, kind)
    size, strides = numbers(config["kernel_size"], axes), numbers(config["strides"], axes)
    dilation, padding = numbers(config["dilation_rate"], axes), str(config["padding"])
    own = {
        "kernel_size": size,
        "strides": strides,
        "padding": padding,
        "data_format": CHANNELS_LAST,
        "dilation_rate": dilation,
        "activation": activation(config, name, kind),
        "use_bias": bool(config["use_bias"]),
        "bias_initializer": INITIAL,
    }
    return own, (size, strides, dilation, padding)


def _weights(config: Config, kernel: str) -> list[Weight]:
    found = [Weight(f"{kernel}:0", kernel)] if kernel else []
    return [*found, Weight("bias:0", "bias")] if config["use_bias"] else found


def _lengths(
    shape: Shape, size: list[int], strides: list[int], dilation: list[int], padding: str
) -> list[int | None]:
    """How long each axis is after a window has moved over it."""
    found: list[int | None] = []
    for n, one, step, apart in zip(shape, size, strides, dilation, strict=True):
        reach = 0 if padding in ("same", "causal") else (one - 1) * apart
        found.append(None if n is None else (n - reach - 1) // step + 1)
    return found


def _check_order(config: Config, name: str, kind: str) -> None:
    order = config.get("data_format") or CHANNELS_LAST
    expect(order == CHANNELS_LAST, name, kind, "was found right for channels_last alone")


CONVOLUTIONS = {
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "MaxPooling1D": _pool,
    "MaxPooling2D": _pool,
    "AveragePooling2D": _pool,
    "GlobalAveragePooling1D": _global_pool,
    "GlobalAveragePooling2D": _global_pool,
    "GlobalMaxPooling1D": _global_pool,
    "GlobalMaxPooling2D": _global_pool,
    "ZeroPadding2D": _edges,
    "Cropping2D": _edges,
}
