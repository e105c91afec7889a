"""The binary JSON of XGBoost says what its JSON says; damaged bytes raise ValueError only."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xgboost

from converters.trees import ubjson
from tests.real_models import tables


def _booster(**settings: Any) -> Any:
    table, target = tables.gapped_patients()
    return xgboost.train({"max_depth": 4, **settings}, xgboost.DMatrix(table, target), 8)


def _same(read: Any, told: Any) -> None:
    if isinstance(told, dict):
        assert set(read) == set(told)
        for name, value in told.items():
            _same(read[name], value)
    elif isinstance(told, list):
        assert len(read) == len(told)
        for one, value in zip(read, told, strict=True):
            _same(one, value)
    elif isinstance(told, str):
        assert read == told
    else:
        assert np.float32(read) == np.float32(told)


@pytest.mark.parametrize("booster", ["gbtree", "dart", "gblinear"])
def test_the_binary_document_says_what_the_text_says(booster: str):
    model = _booster(booster=booster)
    _same(ubjson.loads(bytes(model.save_raw("ubj"))), json.loads(model.save_raw("json")))


def test_bytes_that_are_cut_short_anywhere_raise_value_error():
    octets = bytes(_booster().save_raw("ubj"))
    for end in np.unique(np.linspace(0, len(octets) - 1, 200).astype(int)):
        with pytest.raises(ValueError):
            ubjson.loads(octets[:end])


def test_lists_that_are_too_deep_or_too_long_raise_value_error():
    for octets in (b"[" * 100_000, b"[$d#L\x7f" + b"\xff" * 7, b"[#i\xff", b"?", b"{i\x01aSi\x7f"):
        with pytest.raises(ValueError):
            ubjson.loads(octets)
