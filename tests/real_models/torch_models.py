"""Real PyTorch modules, each saved once a process by MLflow in a child of the torch environment."""

from __future__ import annotations

from pathlib import Path

from tests.real_models import elsewhere

ENVIRONMENT = "torch"
copy = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("torch_builder.py"))
state = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("torch_states_builder.py"))

PYTORCH = [
    elsewhere.maker(copy, name)
    for name in (
        *("mlp", "cnn", "lstm", "encoder", "two_inputs", "several_outputs", "columns"),
        *("mixed_columns", "branching_script", "script", "trace", "exported", "exported_cnn"),
        *("exported_tokens", "double", "bytes_and_flags", "length_by_example", "on_a_gpu"),
        *("mean_of_any_length", "two_free_axes"),
        *("script_of_columns", "script_of_two", "branch", "own_code", "optional"),
    )
]
# A script takes its tensors as they are: nothing joins columns of several types before it. What
# was recorded of attention is bound to the batch.
NO_SCRIPT = ("make_script_of_columns", "make_exported_tokens")
TORCHSCRIPT = [make for make in PYTORCH if make.__name__ not in NO_SCRIPT]
TRANSFORMERS = [
    elsewhere.maker(copy, name) for name in ("bert_classes", "distilbert_tokens", "vit_classes")
]
SENTENCES = [elsewhere.maker(copy, "embedder")]
# Whole quotients of floats; PyTorch's exporter of scripts writes them otherwise.
QUOTIENTS = ("quotients", "quotients_script")
# No file can answer like these: the builder's models that have to be refused.
REFUSED = (
    *("data_dependent", "noisy", "dropping", "centred", "trained_export", "one_row_export"),
    *("unsigned", "free_length", "summed", "state_dict", "not_a_module", "missing_class"),
    "leaving",
)
