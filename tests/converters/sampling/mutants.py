"""Converted files with one small thing wrong each, and whether parity sees it on sampled rows."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from converters import contract, golden, parity
from converters.contract import ConvertReport, Identity, Request
from converters.sampling import paths, walk
from converters.sampling.features import features_of
from converters.sampling.links import Choice
from converters.sampling.paths import Grove
from converters.steps import convert
from converters.targets.onnx import OnnxScorer
from converters.trees.form import Mode


@dataclass
class Tally:
    """How many mutants there were by kind, and what became of them.

    unseen: not one judged row got another answer. tolerated: some did, within the tolerance.
    """

    made: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    tolerated: Counter[str] = field(default_factory=Counter)

    @property
    def caught(self) -> int:
        return self.made.total() - self.unseen.total() - self.tolerated.total()

    def __str__(self) -> str:
        return (
            f"{self.caught} of {self.made.total()} caught {dict(self.made)}, "
            f"unseen {dict(self.unseen)}, tolerated {dict(self.tolerated)}"
        )

    def add(self, other: Tally) -> None:
        self.made += other.made
        self.unseen += other.unseen
        self.tolerated += other.tolerated


@dataclass
class Judged:
    """A converted model with its rows and the original's answers, ready to judge others of it."""

    folder: Path
    report: ConvertReport
    open: Callable[[Path], Any]
    rows: Any
    expected: Any
    groves: list[Grove]
    usual: Any = None

    @property
    def nullable(self) -> bool:
        return all(item.nullable for item in self.report.inputs)

    def moves(self, feature: int, old: float, new: float, modes: tuple[int, int]) -> bool:
        """Whether any number at all is on another side of the new question than of the old."""
        grove = self.groves[0]
        link: Any = grove.links[feature]
        ensemble = grove.grown.ensemble
        if isinstance(link, Choice) or link.feature.dtype.kind == "b":
            numbers = link.numbers if isinstance(link, Choice) else np.array([0.0, 1.0])
            return bool((_asked(numbers, old, modes[0]) != _asked(numbers, new, modes[1])).any())
        one, other = (
            paths.borders(link, np.array([point]), Mode(mode), ensemble)
            for point, mode in zip((old, new), modes, strict=True)
        )
        return bool(one[0] != other[0])

    def verdict(self, file: Path) -> str:
        """caught, tolerated or unseen; `passed` for the file itself."""
        report = self.report
        got = self.open(file).score(self.rows, report.inputs, report.outputs)
        verdicts = parity.judge(self.rows, self.expected, got, report.outputs, report.exact)
        passed = all(one.verdict == parity.PASSED for one in verdicts)
        if self.usual is None:
            assert passed, [one.sentence for one in verdicts]
            self.usual = got
            return "passed"
        if not passed:
            return "caught"
        same = all(_equal(got[one.name], self.usual[one.name]) for one in report.outputs)
        return "unseen" if same else "tolerated"


def _asked(numbers: Any, point: float, mode: int) -> Any:
    numbers = numbers.astype(np.float32)
    return numbers <= point if mode == Mode.LEQ else numbers < point


def _equal(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def judged(folder: Path, flavor: str, target: str, opened: Any = OnnxScorer) -> Judged:
    """Convert the model saved in `folder`/model, and judge the file as it is."""
    request = Request(flavor, target, Identity("test", "mutated", "1"))
    contract.write(request, folder / contract.REQUEST_FILE)
    convert.run(folder)
    made = folder / contract.CONVERT_DIR
    report = contract.read(ConvertReport, made / contract.REPORT_FILE)
    assert report.state == "converted", report.sentence
    rows, expected = golden.read(made / convert.ROWS_DIR)
    from converters import sources

    model = sources.load(folder / contract.MODEL_DIR, flavor)
    groves = walk.learn(model.estimator, features_of(model.signature))
    subject = Judged(folder, report, opened, rows, expected, groves)
    assert subject.verdict(made / report.file) == "passed"
    return subject


def trees(subject: Judged, each: int, random: np.random.Generator) -> Tally:
    """Every kind of wrong tree, `each` of a kind."""
    model = onnx.load(subject.folder / contract.CONVERT_DIR / subject.report.file)
    places = [i for i, node in enumerate(model.graph.node) if node.op_type == "TreeEnsemble"]
    tally = Tally()
    for kind, change in CHANGES.items():
        for _ in range(each):
            wrong = copy.deepcopy(model)
            node = wrong.graph.node[int(random.choice(places))]
            if not change(_Attributes(node, subject), random):
                continue
            _tell(subject, tally, kind, wrong)
    return tally


def _tell(subject: Judged, tally: Tally, kind: str, wrong: Any) -> None:
    path = subject.folder / "mutant.onnx"
    onnx.save(wrong, path)
    tally.made[kind] += 1
    verdict = subject.verdict(path)
    if verdict in ("unseen", "tolerated"):
        getattr(tally, verdict)[kind] += 1


class _Attributes:
    """A `TreeEnsemble` node's attributes as arrays that can be changed."""

    def __init__(self, node: Any, subject: Judged) -> None:
        self.subject = subject
        self.lists: dict[str, list[int]] = {}
        self.by_name = {one.name: one for one in node.attribute}
        self.splits = self.tensor("nodes_splits")
        self.modes = self.tensor("nodes_modes")
        self.weights = self.tensor("leaf_weights")
        self.asked_missing: set[int] = set()
        self.compared = [i for i in self.reached() if self.modes[i] != 6]

    def tensor(self, name: str) -> Any:
        return numpy_helper.to_array(self.by_name[name].t).copy()

    def ints(self, name: str) -> list[int]:
        if name not in self.lists:
            self.lists[name] = list(self.by_name[name].ints) if name in self.by_name else []
        return self.lists[name]

    def put(self, name: str, values: Any) -> None:
        if isinstance(values, list):
            del self.by_name[name].ints[:]
            self.by_name[name].ints.extend(values)
        else:
            self.by_name[name].t.CopyFrom(numpy_helper.from_array(values, name))

    def matters(self, node: int, split: Any = None, mode: int | None = None) -> bool:
        """Whether some number would be answered otherwise with this split and mode."""
        old, usual = float(self.splits[node]), int(self.modes[node])
        new = old if split is None else float(split)
        feature = self.ints("nodes_featureids")[node]
        return self.subject.moves(feature, old, new, (usual, usual if mode is None else mode))

    def reached(self) -> Iterator[int]:
        """Nodes that some number comes to and that lead to two different places."""
        ids, splits, modes = self.ints("nodes_featureids"), self.splits, self.modes
        sides = (
            (self.ints("nodes_truenodeids"), self.ints("nodes_trueleafs")),
            (self.ints("nodes_falsenodeids"), self.ints("nodes_falseleafs")),
        )
        missing = self.ints("nodes_missing_value_tracks_true") or [0] * len(splits)
        stack: list[tuple[int, dict[int, tuple[float, float]], frozenset[int]]]
        stack = [(root, {}, frozenset()) for root in self.ints("tree_roots")]
        while stack:
            node, spans, gone = stack.pop()
            point, feature = float(splits[node]), ids[node]
            low, high = spans.get(feature, (-np.inf, np.inf))
            inside = low < point < high and np.isfinite(point)
            if modes[node] == 6 or (inside and not self._alike(node)):
                yield node
            if feature not in gone and not self._alike(node):
                self.asked_missing.add(node)
            halves = ((low, min(high, point)), (max(low, point), high))
            for holds, (child, ends), half in zip((1, 0), sides, halves, strict=True):
                span = (low, high) if modes[node] == 6 else half
                lost = gone if missing[node] == holds else gone | {feature}
                if not ends[node] and span[0] < span[1]:
                    stack.append((child[node], {**spans, feature: span}, lost))

    def _alike(self, node: int) -> bool:
        """Whether both branches answer the same, question by question."""
        true = self._shape(self.ints("nodes_truenodeids"), self.ints("nodes_trueleafs"), node)
        false = self._shape(self.ints("nodes_falsenodeids"), self.ints("nodes_falseleafs"), node)
        return bool(true == false)

    def _shape(self, child: list[int], ends: list[int], node: int) -> Any:
        """The branch below a node as nested tuples; branches that say one thing are that thing."""
        if ends[node]:
            return float(self.weights[child[node]])
        inner = child[node]
        true = self._shape(self.ints("nodes_truenodeids"), self.ints("nodes_trueleafs"), inner)
        false = self._shape(self.ints("nodes_falsenodeids"), self.ints("nodes_falseleafs"), inner)
        question = (self.ints("nodes_featureids")[inner], float(self.splits[inner]))
        return true if true == false else (question, true, false)


def _nudged(tree: _Attributes, random: Any, new: Callable[[Any], Any]) -> bool:
    for node in random.permutation(tree.compared).tolist():
        split = tree.splits.dtype.type(new(tree.splits[node]))
        if tree.matters(node, split):
            tree.splits[node] = split
            tree.put("nodes_splits", tree.splits)
            return True
    return False


def _threshold(tree: _Attributes, random: Any) -> bool:
    return _nudged(tree, random, lambda x: x * type(x)(1 + random.choice([-1e-5, 1e-5])))


def _ulp(tree: _Attributes, random: Any) -> bool:
    way = tree.splits.dtype.type(random.choice([-np.inf, np.inf]))
    return _nudged(tree, random, lambda x: np.nextafter(x, way))


def _narrow(tree: _Attributes, random: Any) -> bool:
    """A threshold as float32, rounded to the nearest: what careless converters write."""
    return _nudged(tree, random, np.float32)


def _missing(tree: _Attributes, random: Any) -> bool:
    flags = tree.ints("nodes_missing_value_tracks_true")
    open_to = [node for node in tree.compared if node in tree.asked_missing]
    if not flags or not open_to or not tree.subject.nullable:
        return False
    node = int(random.choice(open_to))
    flags[node] = 1 - flags[node]
    tree.put("nodes_missing_value_tracks_true", flags)
    return True


def _leaf(tree: _Attributes, random: Any) -> bool:
    ends = [
        tree.ints(child)[node]
        for node in tree.compared
        for child, leaf in (
            ("nodes_truenodeids", "nodes_trueleafs"),
            ("nodes_falsenodeids", "nodes_falseleafs"),
        )
        if tree.ints(leaf)[node]
    ]
    if not ends or (tree.weights == np.arange(len(tree.weights))).all():
        return False  # the weights are the leaves' places, their values are elsewhere
    leaf = int(random.choice(ends))
    tree.weights[leaf] += 1e-3 * max(abs(tree.weights[leaf]), np.abs(tree.weights).mean())
    tree.put("leaf_weights", tree.weights)
    return True


def _tree(tree: _Attributes, random: Any) -> bool:
    roots = tree.ints("tree_roots")
    if len(roots) < 2:
        return False
    roots.pop(int(random.integers(len(roots))))
    tree.put("tree_roots", roots)
    return True


def _swapped(tree: _Attributes, random: Any) -> bool:
    """`<=` for `<`, or the reverse, at one node."""
    for node in random.permutation(tree.compared).tolist():
        if tree.matters(node, mode=1 - int(tree.modes[node])):
            tree.modes[node] = 1 - tree.modes[node]
            tree.put("nodes_modes", tree.modes)
            return True
    return False


CHANGES: dict[str, Callable[[_Attributes, Any], bool]] = {
    "threshold 1e-5": _threshold,
    "threshold 1 ulp": _ulp,
    "threshold float32": _narrow,
    "comparison": _swapped,
    "missing": _missing,
    "leaf 1e-3": _leaf,
    "tree dropped": _tree,
}
