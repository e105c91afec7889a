"""Real Keras models for Deeplearning4j, saved once a process by MLflow in a child."""

from __future__ import annotations

from pathlib import Path

from tests.real_models import elsewhere, tensorflow_models

ENVIRONMENT = tensorflow_models.ENVIRONMENT
copy = elsewhere.copier(ENVIRONMENT, Path(__file__).with_name("dl4j_builder.py"))

KERAS_NAMES = ["table", "images", "steps", "residual"]
TENSORFLOW_NAMES = ["tokens", "each_step"]
KERAS = [elsewhere.maker(copy, name) for name in KERAS_NAMES]
TENSORFLOW = [elsewhere.maker(copy, name) for name in TENSORFLOW_NAMES]
