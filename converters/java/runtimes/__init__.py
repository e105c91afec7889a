"""What differs in generated Java from one JVM library to the other: a module a target."""

from __future__ import annotations

from importlib import import_module

from converters.java.runtimes.runtime import Runtime


def of(target: str) -> Runtime:
    """The runtime that the generated Java of this target calls.

    Looked up when asked for: the modules read plans, which ask for a runtime's limits themselves.

    Raises:
        ModuleNotFoundError: no Java is generated for this target.
    """
    runtime = import_module(f"converters.java.runtimes.{target}").RUNTIME
    assert isinstance(runtime, Runtime)  # noqa: S101 - our own modules
    return runtime
