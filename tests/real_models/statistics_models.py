"""Real statsmodels results, saved once a process by MLflow in a child of their environment."""

from __future__ import annotations

from pathlib import Path

from tests.real_models import elsewhere

ENVIRONMENT = "statistics"
copy = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("statistics_builder.py"))

CONVERTIBLE = [
    *("ols", "wls", "gls", "glsar", "quantreg", "rlm", "logit", "probit", "mnlogit", "poisson"),
    *("negativebinomial", "negativebinomialp", "generalizedpoisson", "glm_identity", "glm_log"),
    *("glm_logit", "glm_probit", "glm_cloglog", "glm_loglog", "glm_cauchy", "glm_inverse"),
    *("glm_sqrt", "glm_squared", "glm_tweedie", "glm_power", "array", "kinds", "flags"),
    *("one_column", "regularized", "shortened", "exposed", "mixed", "estimating", "beta"),
    *("formula_plain", "formula_categories", "formula_crossed", "formula_no_intercept"),
    *("formula_sums", "formula_powers", "formula_spare_columns", "unsigned"),
    *("unsigned_formula", "formula_three", "formula_contrasts", "formula_empty_text"),
    "formula_response",
]
REFUSED = {
    "formula_centred": "formula",
    "formula_own": "formula",
    "formula_cut": "formula",
    "arima": "time_series",
    "smoothing": "time_series",
    "ordered": "model_class",
}
# Whole numbers wrap around in numpy and in ONNX, and PMML has none.
ONNX_ALONE = ["formula_whole"]
MAKERS = [elsewhere.maker(copy, name) for name in CONVERTIBLE]
ONNX_MAKERS = [elsewhere.maker(copy, name) for name in ONNX_ALONE]
