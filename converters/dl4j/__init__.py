"""Keras models in Keras 2's HDF5 layout, as Eclipse Deeplearning4j imports them."""

VERSION = "1.0.0-M2.1"
