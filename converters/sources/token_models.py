"""What language models of Hugging Face have in common: whole numbers of a tokenizer go in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from converters.contract import Signature, Tensor
from converters.errors import Refused
from converters.sources.pytorch import TorchModel
from converters.sources.torch_files import PICKLED

# Tokens a row that the model is proven with; the file takes other lengths where that holds.
LENGTH = 16
IDS, MASK, TYPES = "input_ids", "attention_mask", "token_type_ids"
PIXELS = "pixel_values"


def offline() -> None:
    """Keep the libraries from asking their hub, and from progress bars; call before they load."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        TOKENIZERS_PARALLELISM="false",
        TRANSFORMERS_VERBOSITY="error",
    )


def signature(config: Any, names: list[str]) -> Signature:
    """Tensors of tokens, int64 [N, LENGTH], or of pixels, as the model's config has them.

    Raises:
        Refused: `pipeline_task` for inputs that are neither.
    """
    tensors = [_tensor(config, name) for name in names]
    if len(tensors) == 1:
        return Signature(tensor=tensors[0], origin="estimator")
    return Signature(tensors=tensors, origin="estimator")


def token_model(module: Any, config: Any, names: list[str], task: str) -> TorchModel:
    """The module as one that is called with these inputs by name."""
    module.eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    highest = {
        IDS: int(getattr(config, "vocab_size", 0) or 2) - 1,
        MASK: 1,
        TYPES: max(0, int(getattr(config, "type_vocab_size", 1) or 1) - 1),
    }
    model = TorchModel(module, PICKLED, keywords=names)
    model.input_ranges = {name: (0, highest[name]) for name in names if name in highest}
    if IDS in names:
        model.free = {name: [1] for name in names}
        model.notes.append(
            "The tokenizer stays outside of the file: its inputs are what the model's own "
            f"tokenizer makes of a text ({', '.join(names)}), and what the {task} pipeline does "
            "with the answers is left to the caller."
        )
    else:
        model.notes.append(
            "The image processor stays outside of the file: its input is what the model's own "
            f"processor makes of an image, and what the {task} pipeline does with the answers is "
            "left to the caller."
        )
    return model


def _tensor(config: Any, name: str) -> Tensor:
    if name in (IDS, MASK, TYPES):
        most = getattr(config, "max_position_embeddings", None) or LENGTH
        return Tensor(name, "int64", [-1, min(LENGTH, int(most))])
    size = getattr(config, "image_size", None)
    if name == PIXELS and size is not None:
        height, width = (size, size) if isinstance(size, int) else _sides(size)
        return Tensor(name, "float32", [-1, getattr(config, "num_channels", 3), height, width])
    raise Refused(
        "pipeline_task",
        f"The model takes {name}, which is neither tokens nor an image of a fixed size; log the "
        "module inside it with mlflow.pytorch and a tensor signature.",
    )


def _sides(size: Any) -> tuple[int, int]:
    if isinstance(size, Mapping):
        return int(size["height"]), int(size["width"])
    return int(size[0]), int(size[1])
