"""Run in the torch environment: trains small modules and saves each as MLflow does.

usage: torch_builder.py MLFLOW_SITE FOLDER [NAME …]. MLFLOW_SITE is where MLflow lies, which the
torch environment does not hold. Classes of this file are pickled by value, as a notebook's are.
"""

import importlib
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

os.environ["MLFLOW_ENABLE_TELEMETRY"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT"] = "1"
REQUIREMENTS = ["torch"]


def save(folder, model, signature=None, example=None, form="pickle", **options):
    import mlflow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pytorch.save_model(
            model.eval() if form == "pickle" else model,
            str(folder),
            signature=signature,
            input_example=example,
            serialization_format=form,
            pip_requirements=REQUIREMENTS,
            **options,
        )


def tensors(**specs):
    """A signature of tensors: name=(dtype, shape)."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(d), shape, name) for name, (d, shape) in specs.items()])
    )


def tensor(dtype, *shape):
    """A signature of one tensor without a name."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    return ModelSignature(inputs=Schema([TensorSpec(np.dtype(dtype), (-1, *shape))]))


def fitted(model, *inputs):
    """The model after some steps towards noise, so that no weight is as it began."""
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    for _ in range(5):
        out = model(*inputs)
        parts = out.values() if isinstance(out, dict) else out if isinstance(out, tuple) else [out]
        loss = sum(
            (part.float() - torch.randn_like(part.float())).square().mean() for part in parts
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def mlp():
    layers = [nn.Linear(8, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.Linear(16, 3)]
    return fitted(nn.Sequential(*layers), torch.randn(64, 8))


def make_mlp(folder):
    save(folder, mlp(), tensor("float32", 8), np.random.rand(5, 8).astype("float32"))


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Linear(6 * 4 * 4, 4)

    def forward(self, x):
        return torch.softmax(self.head(self.features(x).flatten(1)), 1)


def make_cnn(folder):
    save(folder, fitted(Cnn(), torch.randn(16, 3, 8, 8)), tensor("float32", 3, 8, 8))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def make_lstm(folder):
    save(folder, fitted(Lstm(), torch.randn(16, 7, 4)), tensor("float32", 7, 4))


class Tokens(nn.Module):
    """An encoder over tokens."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 3)

    def forward(self, ids):
        return self.head(self.encoder(self.words(ids)).mean(1))


def make_encoder(folder):
    model = fitted(Tokens(), torch.randint(0, 50, (16, 9)))
    save(folder, model, tensor("int64", 9), np.random.randint(0, 50, (4, 9)))


class Two(nn.Module):
    """Two inputs that are not fed in the signature's order, and answers in a dict."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 4)
        self.left = nn.Linear(3, 4)
        self.head = nn.Linear(8, 2)

    def forward(self, numbers, category):
        both = torch.cat([self.left(numbers), self.words(category).mean(1)], 1)
        return {"score": self.head(both), "first": both[:, 0], "high": both[:, 0] > 0}


def make_two_inputs(folder):
    signature = tensors(category=("int64", (-1, 2)), numbers=("float32", (-1, 3)))
    example = {
        "category": np.random.randint(0, 20, (4, 2)),
        "numbers": np.random.rand(4, 3).astype("float32"),
    }
    save(folder, Two(), signature, example)


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 6)

    def forward(self, x):
        hidden = torch.tanh(self.body(x))
        return hidden, self.body(x).argmax(1), hidden.reshape(-1, 2, 3)


def make_several_outputs(folder):
    save(folder, Heads(), tensor("float32", 5))


def make_columns(folder):
    import pandas as pd
    from mlflow.models import infer_signature

    frame = pd.DataFrame(np.random.rand(6, 8), columns=[f"sensor {i}" for i in range(8)])
    save(folder, mlp(), infer_signature(frame), frame)


def make_mixed_columns(folder):
    import pandas as pd
    from mlflow.models import infer_signature

    frame = pd.DataFrame({"age": [1, 2, 3], "vip": [True, False, True], "income": [1.5, 2.5, 3.5]})
    save(folder, nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), infer_signature(frame))


class Branch(nn.Module):
    """Goes one way or the other by the sum of the first row, so by its data."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        if x.shape[1] == 4 and bool((x[0, 0] > 1000.0).item()):
            return self.one(x) * 100
        return self.two(x)


class RowLoop(nn.Module):
    """A loop whose length is data: how often a row is halved."""

    def forward(self, x):
        steps = 0
        most = float(x.abs().max())
        while most > 1.0 and steps < 50:
            most = most / 2.0
            steps += 1
        return x * 0.0 + torch.where(x > 0, x, x * 0.1) + 0.0 * steps


class Optional(nn.Module):
    """A parameter that nobody passes: without its type a script keeps it as no tensor at all."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, x, shift=None):
        return self.head(x) if shift is None else self.head(x) + shift


def make_optional(folder):
    save(folder, Optional(), tensor("float32", 4))


def make_branching_script(folder):
    save(folder, torch.jit.script(RowLoop()), tensor("float32", 4))


def make_script(folder):
    save(folder, torch.jit.script(mlp().eval()), tensor("float32", 8))


def make_script_of_columns(folder):
    import pandas as pd
    from mlflow.models import infer_signature

    frame = pd.DataFrame({"age": [1, 2, 3], "vip": [True, False, True], "income": [1.5, 2.5, 3.5]})
    save(folder, torch.jit.script(nn.Linear(3, 2)), infer_signature(frame))


def make_script_of_two(folder):
    signature = tensors(category=("int64", (-1, 2)), numbers=("float32", (-1, 3)))
    example = {
        "category": np.random.randint(0, 20, (4, 2)),
        "numbers": np.random.rand(4, 3).astype("float32"),
    }
    save(folder, torch.jit.script(Pair()), signature, example)


class Pair(nn.Module):
    """Two inputs that the signature has the other way round, and answers in a tuple."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 4)
        self.left = nn.Linear(3, 4)

    def forward(self, numbers: torch.Tensor, category: torch.Tensor):
        first = self.left(numbers)
        return first, first + self.words(category).mean(1)


def make_trace(folder):
    model = mlp().eval()
    save(folder, torch.jit.trace(model, torch.randn(2, 8)), tensor("float32", 8))


def make_exported(folder):
    example = np.random.rand(5, 8).astype("float32")
    save(folder, mlp().eval(), tensor("float32", 8), example, form="pt2")


def make_exported_cnn(folder):
    example = np.random.rand(5, 3, 8, 8).astype("float32")
    save(folder, Cnn().eval(), tensor("float32", 3, 8, 8), example, form="pt2")


def make_exported_tokens(folder):
    save(folder, Tokens().eval(), tensor("int64", 9), np.random.randint(0, 50, (4, 9)), form="pt2")


def make_double(folder):
    save(folder, mlp().double(), tensor("float64", 8))


class Pixels(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(12, 2)

    def forward(self, image, on):
        return self.head(image.flatten(1) / 255.0) * on.to(torch.float32)


def make_bytes_and_flags(folder):
    save(folder, Pixels(), tensors(image=("uint8", (-1, 2, 6)), on=("bool", (-1, 2))))


def make_branch(folder):
    save(folder, Branch(), tensor("float32", 4))


OWN_CODE = """
from torch import nn


class OwnNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(x).sigmoid()
"""


def make_own_code(folder):
    """Pickled by reference to a module that travels in code_paths."""
    file = folder.with_name("crossport_own_net.py")
    file.write_text(OWN_CODE)
    sys.path.insert(0, str(file.parent))
    own = importlib.import_module("crossport_own_net")
    sys.path.pop(0)
    save(folder, own.OwnNet(), tensor("float32", 8), code_paths=[str(file)])


# ---- Hugging Face's, tiny, with random weights


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{i}" for i in range(40))]
    known = {word: i for i, word in enumerate(words)}
    made = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    named = {f"{name}_token": mark for name, mark in marks.items()}
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **named,
    )


def bert():
    from transformers import BertConfig

    return BertConfig(
        vocab_size=45,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=3,
        initializer_range=0.5,
    )


def save_pipeline(folder, task, model, **parts):
    import mlflow

    mlflow.transformers.save_model(
        {"model": model.eval(), **parts}, str(folder), task=task, pip_requirements=REQUIREMENTS
    )


def make_bert_classes(folder):
    from transformers import BertForSequenceClassification

    model = BertForSequenceClassification(bert())
    save_pipeline(folder, "text-classification", model, tokenizer=tokenizer())


def make_distilbert_tokens(folder):
    from transformers import DistilBertConfig, DistilBertForTokenClassification

    config = DistilBertConfig(
        vocab_size=45, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64
    )
    model = DistilBertForTokenClassification(config)
    save_pipeline(folder, "token-classification", model, tokenizer=tokenizer())


def make_vit_classes(folder):
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=16,
        patch_size=8,
        num_labels=4,
    )
    processor = ViTImageProcessor(size={"height": 16, "width": 16})
    model = ViTForImageClassification(config)
    save_pipeline(folder, "image-classification", model, image_processor=processor)


def make_generator(folder):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=45, n_positions=32, n_embd=16, n_layer=1, n_head=2)
    save_pipeline(folder, "text-generation", GPT2LMHeadModel(config), tokenizer=tokenizer())


def make_embedder(folder):
    import mlflow
    from sentence_transformers import SentenceTransformer
    from transformers import BertModel

    raw = folder.with_name("embedder's network")
    BertModel(bert()).eval().save_pretrained(raw)
    tokenizer().save_pretrained(raw)
    embedder = SentenceTransformer(str(raw), device="cpu")
    mlflow.sentence_transformers.save_model(embedder, str(folder), pip_requirements=REQUIREMENTS)


# ---- what has to be refused


class Unscripted(nn.Module):
    """A branch on the data beside Python that no script takes."""

    def forward(self, x):
        table = {len(str(type(self))): self}
        if float(x[0, 0]) > 0.0 and table:
            return x * 2
        return x * 3


def make_data_dependent(folder):
    save(folder, Unscripted(), tensor("float32", 4))


class Noisy(nn.Module):
    def forward(self, x):
        return x + torch.rand_like(x)


def make_noisy(folder):
    save(folder, Noisy(), tensor("float32", 4))


class Dropping(nn.Module):
    """Drops also when it answers, as Monte Carlo dropout does."""

    def forward(self, x):
        return nn.functional.dropout(x, 0.5, training=True)


def make_dropping(folder):
    save(folder, Dropping(), tensor("float32", 4))


class Centred(nn.Module):
    def forward(self, x):
        return x - x.mean(0, keepdim=True)


def make_centred(folder):
    save(folder, Centred(), tensor("float32", 4))


def make_trained_export(folder):
    example = np.random.rand(5, 8).astype("float32")
    save(folder, mlp().train(), tensor("float32", 8), example, form="pt2")


def make_one_row_export(folder):
    save(folder, mlp().eval(), tensor("float32", 8), np.ones((1, 8), "float32"), form="pt2")


def make_unsigned(folder):
    save(folder, mlp())


def make_free_length(folder):
    save(folder, Lstm(), tensor("float32", -1, 4))


def make_length_by_example(folder):
    save(folder, Lstm(), tensor("float32", -1, 4), np.random.rand(3, 6, 4).astype("float32"))


class Mean(nn.Module):
    """Divides by the length of its rows: a graph that keeps one length is wrong at others."""

    def forward(self, x):
        return x.sum(1) / x.shape[1]


def make_mean_of_any_length(folder):
    save(folder, Mean(), tensor("float32", -1, 3), np.random.rand(4, 6, 3).astype("float32"))


class Windows(nn.Module):
    """One answer a place of the sequence, and two free axes."""

    def forward(self, x):
        return torch.tanh(x + x.mean((1, 2), keepdim=True)), x.amax(2)


def make_two_free_axes(folder):
    save(folder, Windows(), tensor("float32", -1, -1), np.random.rand(4, 5, 4).astype("float32"))


class Quotients(nn.Module):
    """Whole quotients and remainders of floats, where a quotient's rounding is off by one."""

    def forward(self, x):
        whole = torch.div(x, 0.3, rounding_mode="floor") + x[:, :1] // 0.7
        own = x.clone()
        own //= 0.3
        whole += own
        return whole, torch.remainder(x, 0.3), (x * 10).long() // 3 % 4


def make_quotients(folder):
    save(folder, Quotients(), tensor("float32", 4), multiples())


class Branching(nn.Module):
    """Divides in a branch of a script."""

    def forward(self, x):
        if bool(x.sum() > 0):
            return torch.div(x, 0.7, rounding_mode="floor")
        return x


def make_quotients_script(folder):
    save(folder, torch.jit.script(Branching()), tensor("float32", 4), multiples())


def multiples():
    """Of 0.3, as float32 has them."""
    return (np.arange(-60, 140).reshape(50, 4) * np.float32(0.3)).astype("float32")


class Summed(nn.Module):
    def forward(self, x):
        return x.sum()


def make_summed(folder):
    save(folder, Summed(), tensor("float32", 4))


def make_state_dict(folder):
    save(folder, mlp(), tensor("float32", 8))
    torch.save(mlp().state_dict(), folder / "data" / "model.pth")


def make_not_a_module(folder):
    save(folder, mlp(), tensor("float32", 8))
    torch.save(["weights"], folder / "data" / "model.pth")


class Leaves:
    def __reduce__(self):
        return sys.exit, (0,)


def make_leaving(folder):
    save(folder, mlp(), tensor("float32", 8))
    torch.save(Leaves(), folder / "data" / "model.pth")


def make_missing_class(folder):
    """Pickled by reference to a module that is not there any more."""
    import types

    gone = types.ModuleType("crossport_gone")
    setattr(gone, "Net", type("Net", (nn.Linear,), {"__module__": "crossport_gone"}))  # noqa: B010
    sys.modules["crossport_gone"] = gone
    save(folder, mlp(), tensor("float32", 8))
    torch.save(gone.Net(8, 3), folder / "data" / "model.pth")


def make_on_a_gpu(folder):
    """Saved as a machine with CUDA saves it: the tensors' place is cuda:0."""
    save(folder, mlp(), tensor("float32", 8))
    model = mlp().eval()

    def place(storage):
        return "cuda:0"

    real = torch.serialization.location_tag
    torch.serialization.location_tag = place
    try:
        torch.save(model, folder / "data" / "model.pth")
    finally:
        torch.serialization.location_tag = real


def build(makers):
    """Make what the command line asks for: FOLDER, and names of makers; all of them without."""
    sys.path.append(os.environ["STANDARD_PACKAGES"])
    root = Path(sys.argv[1])
    wanted = sys.argv[2:] or [name[5:] for name in makers if name.startswith("make_")]
    for wish in wanted:
        torch.manual_seed(7)
        np.random.seed(7)
        makers[f"make_{wish}"](root / wish)


if __name__ == "__main__":
    build(globals())
