"""Loads scikit-learn estimators: pickle, cloudpickle and skops, as the flavor says."""

from __future__ import annotations

import pickle
import zlib
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted
from converters.sources import mlmodel
from converters.static import estimators

# Packages whose objects are data.
NO_MODELS = ("builtins", "collections", "numpy", "pandas", "scipy")
# The key of MLflow's flavor, and that of a plain pickle of any flavor.
PICKLED = "pickled_model"
# What unpickling raises on a file that is cut short or damaged, compressed ones included.
DAMAGE = (*mlmodel.DAMAGE, zlib.error)


def load(folder: Path, config: dict[str, Any]) -> Any:
    """The estimator that `mlflow.sklearn` saved in `folder`.

    Raises:
        Refused: `model_class` for a dict, an array or such; see `converters.sources.load`.
    """
    path = mlmodel.model_file(folder, config.get(PICKLED))
    found = load_file(path, str(config.get("serialization_format") or "pickle"))
    if type(found).__module__.partition(".")[0] in NO_MODELS:
        raise no_model(found)
    return found


def load_file(path: Path, serialization: str) -> Any:
    """One estimator from its file; `serialization` is pickle, cloudpickle, joblib or skops.

    skops' list of trusted types is read from the file itself: the sandbox confines what a model
    does, and the model's owner already chose to log it.

    Raises:
        Refused: `model_unreadable`, `module_missing`, `serialization_unknown`.
    """
    try:
        if serialization == "skops":
            return _load_skops(path)
        if serialization == "joblib":
            return _load_joblib(path)
        if serialization in ("pickle", "cloudpickle"):
            with path.open("rb") as file:
                return pickle.load(file)  # noqa: S301 - in the sandboxed child only
    except ModuleNotFoundError as error:
        raise Refused(
            "module_missing",
            f"The model needs the Python module {error.name!r}, which is not installed here; log "
            "the model with classes of its library only, or add the module through code_paths.",
        ) from error
    except (AttributeError, ImportError) as error:
        raise Refused(
            "module_missing",
            "The model needs something that the installed libraries do not have "
            f"({quoted(error)}); log it again with current versions.",
        ) from error
    except DAMAGE as error:
        raise mlmodel.unreadable(path, error) from error
    except MemoryError as error:
        if mlmodel.is_absurd(path):
            raise mlmodel.absurd(path) from error
        raise
    except (Exception, SystemExit) as error:
        # Foreign code: a pickle may run any, and what that raises is the model's own affair.
        raise Refused(
            "model_unreadable",
            f"The model cannot be loaded: its own code raises {type(error).__name__} "
            f"({quoted(error)}). Log the model again with current versions.",
        ) from error
    raise Refused(
        "serialization_unknown",
        f"The model is saved as {serialization!r}; pickle, cloudpickle, joblib and skops can be "
        "read.",
    )


def no_model(found: Any) -> Refused:
    """The refusal of a pickle of something else than a model of its library."""
    kind = type(found)
    plain = kind.__module__ == "builtins"
    name = kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"
    return Refused("model_class", estimators.no_model(f"a {name}"))


def _load_joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _load_skops(path: Path) -> Any:
    import skops.io

    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
