"""Learned projections: rows times a matrix, with what each estimator does before and after it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import Refused
from converters.onnx_graph import elementary, pairwise
from converters.onnx_graph.decomposition import doubles
from converters.onnx_graph.formula import Formula
from converters.onnx_graph.frame import Frame
from converters.onnx_graph.graph import Graph, Value
from converters.onnx_graph.registry import transformer

Floats = npt.NDArray[np.float64]


def _fed(graph: Graph, frame: Frame, estimator: Any) -> Formula:
    return Formula(graph, doubles(graph, frame, type(estimator).__name__))


def _dense(matrix: Any) -> Floats:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, np.float64)


def _times(x: Formula, matrix: Any) -> Formula:
    return Formula(x.graph, x.graph.matmul(x.value, _dense(matrix)))


def _answer(estimator: Any, result: Formula, frame: Frame) -> Frame:
    """In float32 where the original keeps it."""
    kept = frame.float_dtype == "float32" and _keeps_float32(estimator)
    return Frame((result.cast("float32").value if kept else result.value,))


def _keeps_float32(estimator: Any) -> bool:
    tags = estimator.__sklearn_tags__().transformer_tags
    return bool(tags is not None and "float32" in tags.preserves_dtype)


@transformer(
    "sklearn.GaussianRandomProjection",
    "sklearn.SparseRandomProjection",
    "sklearn.NeighborhoodComponentsAnalysis",
)
def plain(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """X @ axes.T."""
    return _answer(estimator, _times(_fed(graph, frame, estimator), estimator.components_.T), frame)


@transformer("sklearn.FastICA")
def fast_ica(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """(X - mean) @ axes.T; without whitening nothing is subtracted."""
    x = _fed(graph, frame, estimator)
    if estimator.whiten:
        x = x - np.asarray(estimator.mean_)
    return _answer(estimator, _times(x, estimator.components_.T), frame)


@transformer("sklearn.FactorAnalysis")
def factor_analysis(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The expected factors: C. Bishop, "Pattern recognition and machine learning", 12.2.4."""
    x = _fed(graph, frame, estimator) - np.asarray(estimator.mean_)
    weighted = estimator.components_ / estimator.noise_variance_
    identity = np.eye(len(estimator.components_))
    covariance = np.linalg.inv(identity + weighted @ estimator.components_.T)
    return _answer(estimator, _times(x, weighted.T @ covariance), frame)


@transformer("sklearn.SparsePCA", "sklearn.MiniBatchSparsePCA")
def sparse_pca(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Ridge regression of each row on the axes, which is linear in the row."""
    axes = np.asarray(estimator.components_, np.float64)
    system = axes @ axes.T + estimator.ridge_alpha * np.eye(len(axes))
    x = _fed(graph, frame, estimator) - np.asarray(estimator.mean_)
    return _answer(estimator, _times(x, np.linalg.solve(system, axes).T), frame)


@transformer("sklearn.LinearDiscriminantAnalysis")
def discriminants(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """(X - mean) @ scalings for the solver svd, X @ scalings for eigen."""
    x = _fed(graph, frame, estimator)
    if estimator.solver == "svd":
        x = x - np.asarray(estimator.xbar_)
    kept = estimator.scalings_[:, : estimator._max_components]
    return _answer(estimator, _times(x, kept), frame)


@transformer("sklearn.PLSRegression", "sklearn.PLSCanonical", "sklearn.CCA", "sklearn.PLSSVD")
def partial_least_squares(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Centred and scaled rows times the rotations."""
    x = _fed(graph, frame, estimator)
    x = (x - np.asarray(estimator._x_mean)) / np.asarray(estimator._x_std)
    rotations = getattr(estimator, "x_rotations_", None)
    return _answer(
        estimator, _times(x, estimator.x_weights_ if rotations is None else rotations), frame
    )


@transformer("sklearn.BernoulliRBM")
def boltzmann(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The probability of each hidden unit."""
    x = _times(_fed(graph, frame, estimator), estimator.components_.T)
    return _answer(estimator, elementary.expit(x + np.asarray(estimator.intercept_hidden_)), frame)


@transformer("sklearn.KernelPCA")
def kernel_pca(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The centred kernel with the training rows, times the scaled eigenvectors."""
    x = _fed(graph, frame, estimator)
    if estimator.kernel != "precomputed":
        params = {
            "gamma": getattr(estimator, "gamma_", estimator.gamma),
            "degree": estimator.degree,
            "coef0": estimator.coef0,
        }
        x = pairwise.kernel(graph, x.value, _dense(estimator.X_fit_), estimator.kernel, params)
    x = _centred(x, estimator._centerer)
    values = np.asarray(estimator.eigenvalues_, np.float64)
    used = np.flatnonzero(values)
    scaled = np.zeros_like(np.asarray(estimator.eigenvectors_, np.float64))
    scaled[:, used] = estimator.eigenvectors_[:, used] / np.sqrt(values[used])
    return _answer(estimator, _times(x, scaled), frame)


@transformer("sklearn.KernelCenterer")
def kernel_centerer(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """A kernel matrix, centred in the feature space."""
    return _answer(estimator, _centred(_fed(graph, frame, estimator), estimator), frame)


def _centred(x: Formula, centerer: Any) -> Formula:
    rows = np.asarray(centerer.K_fit_rows_, np.float64)
    means = x.reduce("ReduceSum") / float(len(rows))
    return x - rows - means + float(centerer.K_fit_all_)


@transformer("sklearn.Nystroem")
def nystroem(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The kernel with some training rows, normalised."""
    x = _fed(graph, frame, estimator)
    params = {
        "gamma": estimator.gamma,
        "degree": estimator.degree,
        "coef0": estimator.coef0,
        **(estimator.kernel_params or {}),
    }
    if estimator.kernel == "precomputed":
        raise Refused(
            "no_converter",
            "Nystroem(kernel='precomputed') takes kernel values, not features; let it compute its "
            "kernel.",
        )
    embedded = pairwise.kernel(
        graph, x.value, _dense(estimator.components_), estimator.kernel, params
    )
    return _answer(estimator, _times(embedded, estimator.normalization_.T), frame)


@transformer("sklearn.RBFSampler")
def rbf_sampler(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Cosines of random projections."""
    x = _times(_fed(graph, frame, estimator), estimator.random_weights_)
    waves = (x + np.asarray(estimator.random_offset_)).call("Cos")
    return _answer(estimator, waves * math.sqrt(2.0 / estimator.n_components), frame)


@transformer("sklearn.SkewedChi2Sampler")
def skewed_chi2(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Cosines of random projections of logarithms."""
    x = (_fed(graph, frame, estimator) + float(estimator.skewedness)).call("Log")
    waves = (_times(x, estimator.random_weights_) + np.asarray(estimator.random_offset_)).call(
        "Cos"
    )
    return _answer(estimator, waves * (math.sqrt(2.0) / math.sqrt(estimator.n_components)), frame)


@transformer("sklearn.AdditiveChi2Sampler")
def additive_chi2(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Samples of the kernel's Fourier transform; zero stays zero."""
    x = _fed(graph, frame, estimator)
    interval = estimator.sample_interval
    if interval is None:
        interval = {1: 0.8, 2: 0.5, 3: 0.4}[estimator.sample_steps]
    interval = float(interval)
    empty = x.equals(0.0)
    safe = empty.where(1.0, x)
    parts = [(x * interval).call("Sqrt")]
    logarithm = safe.call("Log") * interval
    step = safe * 2.0 * interval
    for count in range(1, int(estimator.sample_steps)):
        factor = (step / math.cosh(math.pi * count * interval)).call("Sqrt")
        turns = logarithm * float(count)
        parts += [empty.where(0.0, factor * turns.call(wave)) for wave in ("Cos", "Sin")]
    return _answer(estimator, Formula(graph, graph.concat([part.value for part in parts])), frame)


@transformer("sklearn.PolynomialCountSketch")
def count_sketch(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The product of Fourier transforms of hashed rows; the transforms are matrices here.

    Raises:
        Refused: `no_converter` where the hashes leave columns that hold only rounding noise.
    """
    _refuse_noise(estimator)
    x = _fed(graph, frame, estimator) * math.sqrt(estimator.gamma)
    size = int(estimator.n_components)
    turns = 2 * math.pi * (np.outer(np.arange(size), np.arange(size)) % size) / size
    cosines, sines = np.cos(turns), np.sin(turns)
    real: Formula | None = None
    imaginary: Formula | None = None
    for places, signs in zip(estimator.indexHash_, estimator.bitHash_, strict=True):
        hashed = np.zeros((len(places), size))
        np.add.at(hashed, (np.arange(len(places)), places), signs)
        constant = math.sqrt(estimator.coef0) * hashed[x.value.width :].sum(axis=0)
        sketch = _times(x, hashed[: x.value.width]) + constant
        re, im = _times(sketch, cosines), _times(sketch, -sines)
        if real is None or imaginary is None:
            real, imaginary = re, im
        else:
            real, imaginary = real * re - imaginary * im, real * im + imaginary * re
    if real is None or imaginary is None:
        raise ValueError("a polynomial of degree 0")
    back = _times(real, cosines / size) - _times(imaginary, sines / size)
    return _answer(estimator, back, frame)


def _refuse_noise(estimator: Any) -> None:
    """See that every column is some sum of products of features."""
    size = int(estimator.n_components)
    reached = np.zeros(size, bool)
    reached[0] = True
    for places in estimator.indexHash_:
        moved = [np.roll(reached, int(place)) for place in np.unique(places)]
        reached = np.asarray(np.any(moved, axis=0), bool)
    if not reached.all():
        raise Refused(
            "no_converter",
            f"PolynomialCountSketch(n_components={size}) leaves {int((~reached).sum())} columns "
            "that no feature reaches, which hold the rounding noise of its Fourier transform; use "
            "fewer components, or Nystroem.",
        )


@transformer("sklearn.KMeans", "sklearn.MiniBatchKMeans", "sklearn.BisectingKMeans")
def near_centres(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The distance to each centre."""
    return _distances(graph, estimator, frame, estimator.cluster_centers_)


@transformer("sklearn.Birch")
def birch(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """The distance to each subcluster's centre."""
    return _distances(graph, estimator, frame, estimator.subcluster_centers_)


def _distances(graph: Graph, estimator: Any, frame: Frame, centres: Any) -> Frame:
    """In float32 where rows and centres are both kept in it."""
    found = pairwise.distances(graph, _fed(graph, frame, estimator).value, centres)
    narrow = frame.float_dtype == "float32" and np.asarray(centres).dtype == np.float32
    return Frame((found.cast("float32").value if narrow else found.value,))


POOLS = {"mean": "ReduceMean", "max": "ReduceMax", "amax": "ReduceMax", "min": "ReduceMin",
         "amin": "ReduceMin", "sum": "ReduceSum"}  # fmt: skip


@transformer("sklearn.FeatureAgglomeration")
def agglomeration(graph: Graph, estimator: Any, frame: Frame) -> Frame:
    """Columns that are alike, pooled into one.

    Raises:
        Refused: `own_python` for a pooling function of the owner's, `no_converter` for one of
            numpy's that is not mean, max, min or sum.
    """
    pool = estimator.pooling_func
    name = str(getattr(pool, "__name__", type(pool).__name__))
    if getattr(np, name, None) is pool and name not in POOLS:
        raise Refused(
            "no_converter",
            f"FeatureAgglomeration pools by numpy's {name}, which is not written here; use mean, "
            "max or min.",
        )
    if name not in POOLS or getattr(np, name, None) is not pool:
        from converters.onnx_graph.refusals import own_python

        raise own_python(name)
    x = _fed(graph, frame, estimator)
    parts: list[Value] = []
    for label in np.unique(estimator.labels_):
        members = [int(place) for place in np.flatnonzero(estimator.labels_ == label)]
        parts.append(x.take(members).reduce(POOLS[name]).value)
    return _answer(estimator, Formula(graph, graph.concat(parts)), frame)
