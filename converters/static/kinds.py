"""What a file really is, told from its first bytes and its inside, whatever it is called."""

from __future__ import annotations

import re
import xml.parsers.expat
from dataclasses import dataclass
from pathlib import Path

from converters.quoting import quoted
from converters.static import boosters, networks, onnx_graph_bytes, pickles
from converters.static.errors import TooLarge, Unreadable

MOST_BYTES = 2 << 30
# A few rows beside a model file, as MLflow writes them: they tell what a network takes.
EXAMPLE = "input_example.json"
# Suffix → the kinds that a file of that name may be.
SUFFIXES = {
    ".pkl": ("pickle", "joblib"),
    ".pickle": ("pickle", "joblib"),
    ".joblib": ("joblib", "pickle"),
    ".skops": ("skops",),
    ".json": ("xgboost-json", "catboost-json"),
    ".ubj": ("xgboost-ubj",),
    ".bst": ("xgboost-json", "xgboost-ubj", "lightgbm"),
    ".xgb": ("xgboost-json", "xgboost-ubj"),
    ".cbm": ("catboost",),
    ".txt": ("lightgbm",),
    ".lgb": ("lightgbm",),
    ".pt": ("torchscript", "torch", "torch-export", "state-dict"),
    ".pth": ("torch", "torchscript", "state-dict", "torch-export"),
    ".pt2": ("torch-export",),
    ".h5": ("hdf5",),
    ".hdf5": ("hdf5",),
    ".keras": ("keras", "hdf5"),
    ".onnx": ("onnx",),
    ".pmml": ("pmml",),
    ".zip": ("mojo", "skops", "keras", "torchscript"),
    ".mlmodel": ("coreml",),
    ".model": ("xgboost-json", "xgboost-ubj", "lightgbm"),
}
TITLES = {
    "pickle": "a pickle",
    "joblib": "a pickle that joblib wrote",
    "skops": "a skops file",
    "xgboost-json": "an XGBoost model in JSON",
    "xgboost-ubj": "an XGBoost model in UBJSON",
    "catboost": "a CatBoost model",
    "catboost-json": "a CatBoost model in JSON",
    "lightgbm": "a LightGBM model",
    "torchscript": "a TorchScript archive",
    "torch": "a pickled torch module",
    "state-dict": "a torch state dict, weights without a model",
    "torch-export": "a torch ExportedProgram",
    "hdf5": "a Keras model in HDF5",
    "keras": "a .keras archive",
    "onnx": "an ONNX model",
    "pmml": "a PMML document",
    "mojo": "an H2O MOJO",
    "coreml": "a CoreML model",
    "xgboost-binary": "an XGBoost model in the old binary format, which XGBoost no longer reads",
}
HTML = re.compile(rb"\s*<(!doctype html|html)", re.I)


@dataclass(frozen=True)
class Kind:
    """name: one of TITLES. root: the class of a pickled object, where it has one."""

    name: str
    root: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]


def identify(path: Path) -> Kind:
    """What a file is by its content.

    Raises:
        Unreadable: empty, cut short, damaged, or of no kind that is known.
    """
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("it is empty")
    if size > MOST_BYTES:
        raise TooLarge("it is larger than 2 GB")
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith(b"PK\x03\x04"):
        return _archive(path)
    if head.startswith(networks.HDF5):
        networks.hdf5_layers(path.read_bytes())
        return Kind("hdf5")
    if head.startswith((b"binf", b"bs64")):
        return Kind("xgboost-binary")
    if HTML.match(head):
        raise Unreadable("it is a web page: perhaps a download that asked to sign in")
    if head.startswith(b"version https://git-lfs"):
        raise Unreadable("it is a pointer of Git LFS, not the file itself; fetch it with git lfs")
    return _single(path, head)


def _single(path: Path, head: bytes) -> Kind:
    """A file that is no archive."""
    if head.startswith(boosters.CBM):
        boosters.catboost(path.read_bytes())
        return Kind("catboost")
    if head.startswith((b"tree\n", b"tree\r\n")):
        boosters.lightgbm_text(path.read_bytes())
        return Kind("lightgbm")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _check_pmml(path)
        return Kind("pmml")
    if head[:1] == b"{":
        content = path.read_bytes()
        if head[1:2] in b"LliIU":
            boosters.xgboost_ubj(content)
            return Kind("xgboost-ubj")
        if boosters.json_kind(content) == "catboost":
            return Kind("catboost-json")
        boosters.xgboost_json(content)
        return Kind("xgboost-json")
    if head[:1] == b"\x80" or head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x78")):
        told = pickles.read(path)
        legacy = told.root == "builtins.object" and "torch" in told.packages()
        return Kind("torch" if legacy else "joblib" if told.joblib else "pickle", told.root)
    return _protobuf(path)


def _protobuf(path: Path) -> Kind:
    content = path.read_bytes()
    try:
        onnx_graph_bytes.read(content)
    except Unreadable as error:
        # CoreML: field 1 is its specification's version, field 2 its description.
        if content[:1] == b"\x08" and content[2:3] == b"\x12":
            return Kind("coreml")
        try:
            # Old pickles have no magic; text that is no pickle fails in its first opcodes.
            return Kind("pickle", pickles.of_bytes(content).root)
        except Unreadable:
            raise Unreadable("it is none of the model files that are known") from error
    return Kind("onnx")


def _archive(path: Path) -> Kind:
    names = members(path)
    if "model.ini" in names:
        networks.mojo(path)
        return Kind("mojo")
    if "schema.json" in names:
        return Kind("skops", networks.skops_root(path))
    if "config.json" in names and "model.weights.h5" in names:
        networks.keras_layers(path)
        return Kind("keras")
    tops = {name.partition("/")[2] for name in names}
    if "serialized_exported_program.json" in names or any(
        name.startswith("models/") for name in [*tops, *names]
    ):
        return Kind("torch-export")
    if "data.pkl" in tops:
        if "constants.pkl" in tops:
            return Kind("torchscript")
        inner = next(name for name in names if name.endswith("/data.pkl"))
        told = pickles.of_bytes(networks.member(path, inner))
        dictionary = told.root in ("collections.OrderedDict", "torch._utils._rebuild_tensor_v2")
        return Kind("state-dict" if dictionary else "torch", told.root)
    raise Unreadable("it is an archive of no model that is known")


def members(path: Path) -> list[str]:
    """The names in an archive; see `networks.members`."""
    return networks.members(path)


def _check_pmml(path: Path) -> None:
    """See that the root element is PMML's; no entity is expanded."""
    roots: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if not roots:
            roots.append(name.rpartition(":")[2])

    def refuse(*ignored: object) -> None:
        raise Unreadable("it declares a document type")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, refuse
    try:
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    except xml.parsers.expat.ExpatError as error:
        raise Unreadable(f"it is no well-formed XML: {quoted(error, 120)}") from error
    if roots != ["PMML"]:
        raise Unreadable(f"it is XML, and its root is {roots[0][:40]!r} instead of PMML")
