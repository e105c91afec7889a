"""Loads Hugging Face models as `mlflow.transformers` saved them: the network, not its pipeline."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from converters.contract import Signature
from converters.errors import Refused
from converters.preflight import check_task
from converters.sources import mlmodel, token_models, torch_files
from converters.sources.pytorch import TorchModel, ask, unsettled
from converters.sources.token_models import IDS, MASK, PIXELS, TYPES

__all__ = ["ask", "load", "settle", "unsettled"]


def load(folder: Path, config: dict[str, Any]) -> TorchModel:
    """The network that `mlflow.transformers` saved in `folder`, with its tokenizer's inputs.

    Raises:
        Refused: `pipeline_task` for tasks that are more than one run of the network,
            `model_class`, `model_unreadable`, and what `converters.sources.load` lists.
    """
    token_models.offline()
    check_task(config)
    if config.get("framework", "pt") != "pt":
        raise Refused(
            "model_class", "The model is not one of PyTorch's; save it with framework='pt'."
        )
    place = mlmodel.model_folder(folder, config.get("model_binary") or "model")
    module = _module(place, str(config.get("pipeline_model_type") or ""))
    names = _inputs(folder, module)
    return token_models.token_model(module, module.config, names, str(config.get("task") or ""))


def settle(model: TorchModel, signed: Signature | None, example: Any) -> Signature:
    """The network's own inputs: the logged signature is the pipeline's, text or images."""
    return token_models.signature(model.module.config, model.keywords)


def _module(place: Path, named: str) -> Any:
    import torch
    import transformers

    torch.set_num_threads(1)
    kind = getattr(transformers, named, None)
    if kind is None or not hasattr(kind, "from_pretrained"):
        raise Refused(
            "model_class",
            f"The model's class is {named or 'not named'}, none of the transformers library's own; "
            "log it with mlflow.pytorch and a tensor signature.",
        )
    with torch_files.reading(place / "config.json"):
        module = kind.from_pretrained(
            place, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    if module.config.is_encoder_decoder:
        raise Refused(
            "pipeline_task",
            f"A {named} writes its answer step by step, which no single run of a file does.",
        )
    for switch in ("use_cache", "output_attentions", "output_hidden_states"):
        setattr(module.config, switch, False)
    return module


def _inputs(folder: Path, module: Any) -> list[str]:
    """What the tokenizer makes and the network takes, in the network's order."""
    taken = list(inspect.signature(module.forward).parameters)
    if module.main_input_name == PIXELS:
        return [PIXELS]
    if module.main_input_name != IDS:
        raise Refused(
            "pipeline_task",
            f"The network takes {module.main_input_name}, which is neither tokens nor an image; "
            "log the module with mlflow.pytorch and a tensor signature.",
        )
    made = _tokenizer_makes(folder / "components" / "tokenizer") or [IDS, MASK]
    return [name for name in taken if name in made and name in (IDS, MASK, TYPES)]


def _tokenizer_makes(place: Path) -> list[str]:
    from transformers import AutoTokenizer

    if not place.is_dir():
        return []
    with torch_files.reading(place / "tokenizer_config.json"):
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
        return list(tokenizer.model_input_names)
