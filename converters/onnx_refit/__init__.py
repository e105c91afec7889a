"""An ONNX file that exists already, made one that the profile runs: versions, rows, types."""
