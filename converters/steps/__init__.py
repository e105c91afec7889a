"""The verbs of `python -m converters`, one module each; nothing runs at import."""
