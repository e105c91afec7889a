"""Loads sentence embedders as `mlflow.sentence_transformers` saved them: tokens in, vectors out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.contract import Signature
from converters.errors import Refused
from converters.sources import mlmodel, token_models, torch_files
from converters.sources.pytorch import TorchModel, ask, unsettled
from converters.sources.token_models import IDS, MASK, TYPES

__all__ = ["ask", "load", "settle", "unsettled"]

FOLDER = "model.sentence_transformer"
EMBEDDING = "sentence_embedding"


def load(folder: Path, config: dict[str, Any]) -> TorchModel:
    """The embedder in `folder`: network, pooling and whatever comes after them.

    Raises:
        Refused: `pipeline_task` where something else than tokens goes in, `model_unreadable`,
            and what `converters.sources.load` lists.
    """
    token_models.offline()
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    place = mlmodel.model_folder(folder, str(config.get("data") or FOLDER))
    with torch_files.reading(place / "modules.json"):
        embedder = SentenceTransformer(
            str(place), device="cpu", local_files_only=True, trust_remote_code=False
        )
    first = embedder[0]
    network = getattr(first, "auto_model", None)
    if network is None or getattr(network, "main_input_name", "") != IDS:
        raise Refused(
            "pipeline_task",
            f"The embedder begins with a {type(first).__name__}, which takes no tokens; log the "
            "module inside it with mlflow.pytorch and a tensor signature.",
        )
    makes = list(first.tokenizer.model_input_names)
    names = [name for name in (IDS, MASK, TYPES) if name in makes]
    model = token_models.token_model(
        _embedding(embedder, names), network.config, names, "sentence embedding"
    )
    model.notes.append("Texts are embedded without a prompt; encode() may put one before them.")
    return model


def settle(model: TorchModel, signed: Signature | None, example: Any) -> Signature:
    """The network's own inputs: the logged signature is the embedder's, a column of text."""
    return token_models.signature(model.module.config, model.keywords)


def _embedding(embedder: Any, names: list[str]) -> Any:
    import torch

    class Embedding(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
        """Tokens to the vector that encode() gives for their text."""

        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(embedder)
            self.config = embedder[0].auto_model.config

        def forward(
            self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None
        ) -> Any:
            given = (input_ids, attention_mask, token_type_ids)
            features = {
                name: value
                for name, value in zip((IDS, MASK, TYPES), given, strict=True)
                if value is not None
            }
            for step in self.steps:
                features = step(features)
            return {"sentence_embedding": features[EMBEDDING]}

    return Embedding()
