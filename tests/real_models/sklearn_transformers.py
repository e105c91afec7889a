"""Trained transformers of scikit-learn, alone or before a model, each as a real MLflow folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - makes it importable

# isort: split
from sklearn import (
    cluster,
    compose,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    feature_selection,
    impute,
    kernel_approximation,
    linear_model,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
)

from tests.real_models import tables
from tests.real_models.sklearn_models import Make, _maker

Data = Callable[[], tuple[Any, Any]]


def _scaled(model: Any) -> Any:
    return pipeline.make_pipeline(preprocessing.StandardScaler(), model)


def _before(step: Any) -> Any:
    return pipeline.make_pipeline(step, linear_model.Ridge())


def _few_wines() -> tuple[Any, Any]:
    table, target = tables.wines()
    return table.iloc[:, :6], target


def _few_gaps() -> tuple[Any, Any]:
    table, target = tables.gapped_patients()
    return table.iloc[:, [0, 2, 3, 8]].round(4), target


def _fine_gaps() -> tuple[Any, Any]:
    """Gaps in columns without repeated values, so that no two rows are equally near."""
    random = np.random.default_rng(5)
    values = random.normal(size=(200, 4))
    values[random.random(values.shape) < 0.15] = np.nan
    return pd.DataFrame(values, columns=["a", "b", "c d", "é"]), random.normal(size=200)


def _counts() -> tuple[Any, Any]:
    random = np.random.default_rng(2)
    table = pd.DataFrame(random.integers(0, 9, (200, 3)), columns=["rooms", "floors", "doors"])
    return table, table["rooms"] * 3.0 + random.normal(size=200)


def _prices() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table, np.exp(target / 100)


def _two_prices() -> tuple[Any, Any]:
    table, target = tables.patients()
    return table, np.column_stack([np.exp(target / 100), target])


def _kernel() -> tuple[Any, Any]:
    values = preprocessing.scale(tables.wines()[0])[:30]
    return values @ values.T, None


def _yes() -> tuple[Any, Any]:
    table, target = tables.households()
    return table, (target == "yes").astype(int)


def _thirds() -> tuple[Any, Any]:
    table, _ = tables.households()
    return table, np.arange(len(table)) % 3


def _encoded(encoder: Any) -> Any:
    """The words and flags encoded, the numbers as they are."""
    return compose.make_column_transformer(
        (encoder, ["town", "job", "owns"]), ("passthrough", ["age", "income in CHF"])
    )


def _spent() -> tuple[Any, Any]:
    table, _ = tables.households()
    return table, np.log(table["income in CHF"])


def _picked() -> Any:
    """Columns by place, by mask and by type, weighted, nested, the rest scaled."""
    inner = compose.ColumnTransformer(
        [("age", preprocessing.StandardScaler(), [0])], remainder="passthrough"
    )
    return compose.ColumnTransformer(
        [
            ("inner", inner, ["age", "owns"]),
            ("years", impute.SimpleImputer(add_indicator=True), [2]),
            (
                "words",
                preprocessing.OneHotEncoder(handle_unknown="ignore"),
                compose.make_column_selector(dtype_include=object),
            ),
        ],
        remainder=pipeline.make_pipeline(
            preprocessing.FunctionTransformer(np.log1p, feature_names_out="one-to-one"),
            preprocessing.RobustScaler(),
        ),
        transformer_weights={"inner": 0.5, "words": 2.0},
    )


def _functions() -> Any:
    names = ["log1p", "expm1", "arctan", "tanh", "cbrt", "tan", "arcsinh", "square", "isfinite"]
    steps = [preprocessing.FunctionTransformer(getattr(np, name)) for name in names]
    steps.append(preprocessing.FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 0.02}))
    return pipeline.make_union(*steps)


def _target(**options: Any) -> Any:
    return compose.TransformedTargetRegressor(linear_model.Ridge(), **options)


MODELS: dict[str, tuple[Callable[[], Any], Data]] = {
    "functions": (_functions, tables.patients),
    "functions_whole": (lambda: preprocessing.FunctionTransformer(np.square), _counts),
    "functions_before": (
        lambda: _before(preprocessing.FunctionTransformer(np.deg2rad)),
        tables.patients,
    ),
    "target_log": (lambda: _target(func=np.log, inverse_func=np.exp), _prices),
    "target_power": (lambda: _target(transformer=preprocessing.PowerTransformer()), _two_prices),
    "target_quantiles": (
        lambda: _target(
            transformer=preprocessing.QuantileTransformer(
                n_quantiles=50, output_distribution="normal"
            )
        ),
        _prices,
    ),
    "picked": (_picked, tables.households),
    "picked_before": (lambda: _before(_picked()), _spent),
    "bins": (
        lambda: preprocessing.KBinsDiscretizer(4, quantile_method="linear"),
        tables.patients,
    ),
    "bins_numbered": (
        lambda: preprocessing.KBinsDiscretizer(5, encode="ordinal", strategy="kmeans"),
        _counts,
    ),
    "quantiles": (lambda: preprocessing.QuantileTransformer(n_quantiles=60), _few_gaps),
    "quantiles_normal": (
        lambda: preprocessing.QuantileTransformer(n_quantiles=100, output_distribution="normal"),
        tables.wines,
    ),
    "powers_box_cox": (lambda: preprocessing.PowerTransformer(method="box-cox"), tables.wines),
    "splines": (lambda: _before(preprocessing.SplineTransformer()), tables.patients),
    "splines_linear": (
        lambda: preprocessing.SplineTransformer(degree=1, extrapolation="linear"),
        tables.irises,
    ),
    "splines_periodic": (
        lambda: preprocessing.SplineTransformer(extrapolation="periodic", include_bias=False),
        tables.irises,
    ),
    "products_whole": (lambda: preprocessing.PolynomialFeatures(3), _counts),
    "flags": (lambda: impute.MissingIndicator(features="all"), _few_gaps),
    "imputed_whole": (
        lambda: impute.SimpleImputer(missing_values=0, strategy="most_frequent"),
        _counts,
    ),
    "imputed_by_neighbours": (
        lambda: impute.KNNImputer(n_neighbors=3, weights="distance", add_indicator=True),
        _fine_gaps,
    ),
    "imputed_in_rounds": (lambda: _before(impute.IterativeImputer(max_iter=4)), _few_gaps),
    "ordinals": (
        lambda: _encoded(
            preprocessing.OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=-1,
                encoded_missing_value=-2,
                min_frequency=20,
                dtype=np.int64,
            )
        ),
        _yes,
    ),
    "one_hot_whole": (
        lambda: _encoded(
            preprocessing.OneHotEncoder(handle_unknown="ignore", drop="if_binary", dtype=np.int64)
        ),
        _yes,
    ),
    "target_means": (lambda: _encoded(preprocessing.TargetEncoder(random_state=0)), _yes),
    "target_means_of_three": (
        lambda: _encoded(preprocessing.TargetEncoder(random_state=0)),
        _thirds,
    ),
    "selected": (lambda: feature_selection.SelectKBest(k=3), tables.wines),
    "selected_by_a_model": (
        lambda: _scaled(
            feature_selection.RFE(linear_model.LogisticRegression(), n_features_to_select=4)
        ),
        tables.wines,
    ),
    "one_axis": (
        lambda: _scaled(
            pipeline.make_pipeline(decomposition.TruncatedSVD(1), preprocessing.MaxAbsScaler())
        ),
        tables.wines,
    ),
    "independent": (lambda: _scaled(decomposition.FastICA(3, random_state=0)), tables.wines),
    "factors": (lambda: _scaled(decomposition.FactorAnalysis(3)), tables.wines),
    "sparse_axes": (
        lambda: _scaled(decomposition.SparsePCA(3, max_iter=20, random_state=0)),
        tables.wines,
    ),
    "kernel_axes": (lambda: _scaled(decomposition.KernelPCA(3, kernel="rbf")), tables.wines),
    "kernel_axes_poly": (
        lambda: _scaled(decomposition.KernelPCA(2, kernel="poly", degree=2)),
        _few_wines,
    ),
    "kernel_centred": (preprocessing.KernelCenterer, _kernel),
    "kernel_sampled": (
        lambda: _scaled(kernel_approximation.Nystroem(n_components=20, random_state=0)),
        tables.wines,
    ),
    "waves": (
        lambda: _scaled(kernel_approximation.RBFSampler(n_components=20, random_state=0)),
        tables.wines,
    ),
    "waves_chi2": (lambda: kernel_approximation.AdditiveChi2Sampler(), tables.wines),
    "waves_skewed": (
        lambda: kernel_approximation.SkewedChi2Sampler(n_components=9, random_state=0),
        tables.wines,
    ),
    "sketched": (
        lambda: _scaled(kernel_approximation.PolynomialCountSketch(n_components=8, random_state=0)),
        tables.wines,
    ),
    "random_axes": (
        lambda: random_projection.SparseRandomProjection(4, random_state=0),
        tables.wines,
    ),
    "near_centres": (
        lambda: _scaled(_before(cluster.KMeans(5, n_init=1, random_state=0))),
        tables.wines,
    ),
    "near_subclusters": (lambda: _scaled(_before(cluster.Birch(n_clusters=3))), tables.irises),
    "pooled": (lambda: cluster.FeatureAgglomeration(4), tables.wines),
    "discriminants": (
        lambda: _before(discriminant_analysis.LinearDiscriminantAnalysis()),
        tables.wines,
    ),
    "components": (
        lambda: neighbors.NeighborhoodComponentsAnalysis(2, max_iter=5, random_state=0),
        tables.irises,
    ),
    "latent": (lambda: cross_decomposition.PLSSVD(1), tables.patients),
    "hidden_units": (
        lambda: pipeline.make_pipeline(
            preprocessing.MinMaxScaler(),
            neural_network.BernoulliRBM(4, n_iter=3, random_state=0),
        ),
        tables.irises,
    ),
}

TRANSFORMERS: list[Make] = [_maker(name, *parts) for name, parts in MODELS.items()]
