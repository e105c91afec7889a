"""The arrays of a Keras model's layers, by the names that the file's rules ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def of_model(model: Any) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """Layer → variable → array, for every layer of the model itself."""
    return {layer.name: _of_layer(layer) for layer in model.layers}


def _of_layer(layer: Any) -> dict[str, npt.NDArray[Any]]:
    kind = type(layer).__name__
    if kind == "Bidirectional":
        ways = (("forward_", layer.forward_layer), ("backward_", layer.backward_layer))
        return {
            f"{prefix}{name}": array
            for prefix, inner in ways
            for name, array in _of_layer(inner).items()
        }
    if kind == "TimeDistributed":
        return _of_layer(layer.layer)
    return {variable.name: np.asarray(variable) for variable in layer.weights}
