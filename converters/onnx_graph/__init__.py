"""Our own ONNX emitters: one file a family of estimators, its registration beside it."""
