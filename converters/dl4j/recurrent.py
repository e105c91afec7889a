"""Recurrent layers in Keras 2's words: LSTM and SimpleRNN, one way or both."""

from __future__ import annotations

from collections.abc import Sequence

from converters.dl4j.parts import INITIAL, Config, Flow, Part, Weight, activation, expect, no

GATES = {"LSTM": 4, "SimpleRNN": 1}
MERGES = ("concat", "sum", "mul", "ave")
# What the two directions of one layer must have in common: DL4J builds both from one.
ALIKE = ("units", "activation", "recurrent_activation", "use_bias", "return_sequences")


def _one_way(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    expect(not config.get("go_backwards"), name, kind, "reads its steps forwards alone")
    own = _config(name, kind, config)
    flow, units = flows[0], int(config["units"])
    out = Flow(_shape(flow, config, units), flow.lost, kind, channels=True)
    cell = f"{_cell(kind)}/"
    return Part(kind, own, out, _weights(kind, config, cell, ""))


def _both_ways(name: str, kind: str, config: Config, flows: Sequence[Flow]) -> Part:
    inner = config.get("layer") or {}
    wrapped, told = str(inner.get("class_name")), inner.get("config") or {}
    if wrapped not in GATES:
        raise no(name, kind, f"has LSTM and SimpleRNN both ways, not {wrapped}")
    back = config.get("backward_layer") or inner
    other = back.get("config") or {}
    expect(back.get("class_name") == wrapped, name, kind, "wants the same layer both ways")
    alike = all(told.get(key) == other.get(key) for key in ALIKE)
    expect(alike, name, kind, "wants the same layer both ways")
    expect(not told.get("go_backwards"), name, kind, "reads the first way forwards alone")
    mode, units = str(config.get("merge_mode")), int(told["units"])
    expect(mode in MERGES, name, kind, "wants its two answers merged")
    own = {
        "merge_mode": mode,
        "layer": {
            "class_name": wrapped,
            "config": {"name": _cell(wrapped), **_config(name, wrapped, told)},
        },
    }
    wide = 2 * units if mode == "concat" else units
    several = bool(told.get("return_sequences"))
    out = Flow(_shape(flows[0], told, wide), several, kind, channels=False)
    weights: list[Weight] = []
    for way in ("forward", "backward"):
        place = f"{way}_{_cell(wrapped)}/{_cell(wrapped)}/"
        weights += _weights(wrapped, told, place, f"{way}_")
    return Part(kind, own, out, weights)


def _config(name: str, kind: str, config: Config) -> Config:
    expect(not config.get("stateful"), name, kind, "remembers no rows before")
    expect(not config.get("return_state"), name, kind, "gives no state as an answer")
    own = {
        "return_sequences": bool(config.get("return_sequences")),
        "return_state": False,
        "go_backwards": False,
        "stateful": False,
        "unroll": False,
        "time_major": False,
        "units": int(config["units"]),
        "activation": activation(config, name, kind),
        "use_bias": True,
        "kernel_initializer": INITIAL,
        "recurrent_initializer": INITIAL,
        "bias_initializer": INITIAL,
        "dropout": 0.0,
        "recurrent_dropout": 0.0,
    }
    if kind == "LSTM":
        own["recurrent_activation"] = activation(config, name, kind, "recurrent_activation")
        own |= {"unit_forget_bias": False, "implementation": 2}
    return own


def _weights(kind: str, config: Config, place: str, prefix: str) -> list[Weight]:
    """Kernel, recurrent kernel and a bias, which DL4J wants even where it is nought."""
    names = ("kernel", "recurrent_kernel")
    found = [Weight(f"{place}{one}:0", f"{prefix}{one}") for one in names]
    size = (GATES[kind] * int(config["units"]),)
    bias = f"{prefix}bias" if config["use_bias"] else ""
    return [*found, Weight(f"{place}bias:0", bias, shape=size)]


def _shape(flow: Flow, config: Config, units: int) -> tuple[int | None, ...]:
    return (flow.shape[0], units) if config.get("return_sequences") else (units,)


def _cell(kind: str) -> str:
    return {"LSTM": "lstm_cell", "SimpleRNN": "simple_rnn_cell"}[kind]


RECURRENT = {"LSTM": _one_way, "SimpleRNN": _one_way, "Bidirectional": _both_ways}
