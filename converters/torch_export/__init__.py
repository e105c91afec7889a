"""Turns PyTorch modules into files of other runtimes; imported in the torch environment only."""
